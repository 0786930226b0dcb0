/** Starts a server from the environment, and stops it on a signal. */
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import type { App } from './lifecycle.ts'
import { createLog, redactSecrets } from './log.ts'

/** How long a stop may take after the drain: longer than the slowest pending calls. */
const STOP_WITHIN_MS = 25_000

/**
 * Stops on SIGTERM, SIGINT and SIGHUP, and exits with 0. A second signal ends the drain early, as Ctrl-C twice should, but
 * cuts nothing off. Exits with 1 after an uncaught error, or if the stop takes too long.
 */
function stopOnSignals(app: App, log: Logger, withinMs: number): void {
  const stop = (exitCode: number): void => {
    setTimeout(() => {
      log.fatal('shutdown timed out')
      process.exit(1)
    }, withinMs).unref()
    app.stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.fatal({ err: error }, 'shutdown failed')
        process.exit(1)
      },
    )
  }
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, 'uncaught exception, shutting down')
    stop(1)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(0))
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
}

try {
  const config = readConfig(process.env)
  const app = createApp(config)
  stopOnSignals(app, createLog(config.logLevel), config.drainMs + STOP_WITHIN_MS)
  await app.start()
} catch (error) {
  console.error(redactSecrets(error instanceof Error ? error.message : String(error)))
  process.exit(1)
}
