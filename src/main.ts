/** Starts a server from the environment, and stops it on a signal. */
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createLog, withoutSecrets } from './log.ts'

/** Longer than the slowest call that may be under way, and shorter than what orchestrators wait. */
const STOP_WITHIN_MS = 15_000

try {
  const config = readConfig(process.env)
  const app = createApp(config)
  const log = createLog(config.logLevel)
  closeWithGrace({ delay: STOP_WITHIN_MS, logger: log }, ({ err }) => {
    // A bug that nobody caught: it must not end a server without a word.
    if (err) log.fatal({ err }, 'a bug ends this server')
    return app.stop()
  })
  await app.start()
} catch (error) {
  console.error(withoutSecrets(error instanceof Error ? error.message : String(error)))
  process.exit(1)
}
