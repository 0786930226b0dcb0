/** Timed out; a late result is discarded. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Settles as `promise` does, but rejects after `ms` milliseconds. Every store call uses it, so it creates only a timer: a library
 * that creates an abort signal and an error in advance took a tenth of the time of a request.
 * @throws TimeoutError
 */
export function withTimeout<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`not within ${ms} ms`)), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The maximum delay of a timer in Node. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Calls back at a time, also one beyond Node's maximum delay. Does not keep the process alive.
 * @param time milliseconds since 1970; Infinity: never
 * @returns cancels it
 */
export function scheduleAt(time: number, callback: () => void): () => void {
  if (time === Infinity) return () => undefined
  let timer: NodeJS.Timeout
  const wait = (): void => {
    const ms = time - Date.now()
    timer = setTimeout(ms > TIMER_MS_MAX ? wait : callback, Math.min(Math.max(0, ms), TIMER_MS_MAX)).unref()
  }
  wait()
  return () => clearTimeout(timer)
}
