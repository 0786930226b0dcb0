/** Starts a server from the environment, and stops it on a signal. */
import closeWithGrace from 'close-with-grace'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'

/** Longer than the slowest call that may be under way, and shorter than what orchestrators wait. */
const STOP_WITHIN_MS = 15_000

try {
  const app = createApp(readConfig(process.env))
  closeWithGrace({ delay: STOP_WITHIN_MS }, ({ err }) => {
    if (err) console.error(err) // a bug that nobody caught: it must not end a server without a word
    return app.stop()
  })
  await app.start()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
