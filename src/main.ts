/** Starts a server from the environment, and stops it on a signal. */
import type { Logger } from 'pino'
import { createApp, type App } from './app.ts'
import { readConfig } from './config.ts'
import { createLog, redactSecrets } from './log.ts'

/** How long a stop may take besides the drain: longer than the slowest calls that may be under way. */
const STOP_WITHIN_MS = 25_000

/**
 * Stops on SIGTERM, SIGINT and SIGHUP, and exits with 0. A second signal ends the drain early: whoever presses Ctrl-C twice
 * does not want to wait, but nothing is cut off. Exits with 1 if an error was not caught or the stop takes too long.
 */
function stopOnSignals(app: App, log: Logger, withinMs: number): void {
  const stop = (exitCode: number): void => {
    setTimeout(() => {
      log.fatal('not stopped in time')
      process.exit(1)
    }, withinMs).unref()
    app.stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.fatal({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, 'a bug ends this server')
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
