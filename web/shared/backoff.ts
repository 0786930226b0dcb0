/** How long to leave a server alone before the next attempt. */

const WAIT_MS_MAX = 8_000

/** Longer with every attempt, and never the same for everybody: they would all come back in one moment. */
export const backoff = (attempts: number): Promise<void> =>
  new Promise((resolve) => {
    const ms = Math.min(WAIT_MS_MAX, 300 * 2 ** attempts) * (0.5 + Math.random() / 2)
    const timer = setTimeout(done, ms)
    // A network that is back is no reason to wait any longer.
    window.addEventListener('online', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      resolve()
    }
  })
