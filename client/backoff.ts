/** How long to wait before the next attempt. */
export interface Timing {
  /** Resolves after a time, or earlier when there is reason to try again, or when the signal is aborted. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** From 0 to 1: so that clients that failed together do not return together. */
  random: () => number
}

const FIRST_MS = 300
const MAX_MS = 8_000

/** Exponential, with jitter. @param attempt from 0 */
export const backoffMs = (attempt: number, random: () => number): number =>
  Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2)

/** Resolves after a time, or when the signal is aborted; then no timer is left. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
