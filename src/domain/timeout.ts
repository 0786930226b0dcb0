/** What was waited for did not come in time. It may still come, and nobody hears of it. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Waits for it, but not for ever. A timer and nothing else: every call to a store has one, and a library that makes an
 * abort signal or an error for each, before it knows whether it is needed, is a tenth of what a request costs.
 * @throws TimeoutError after `ms` milliseconds; otherwise whatever it rejects with
 */
export function withTimeout<T>(ms: number, awaited: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(`not within ${ms} ms`)), ms)
    awaited.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The longest delay that a timer of Node can have. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Calls back at a time, however far away, without keeping the process alive.
 * @param time milliseconds since 1970; Infinity: never
 * @returns stops it
 */
export function scheduleAt(time: number, callBack: () => void): () => void {
  if (time === Infinity) return () => undefined
  let timer: NodeJS.Timeout
  const wait = (): void => {
    const ms = time - Date.now()
    timer = setTimeout(ms > TIMER_MS_MAX ? wait : callBack, Math.min(Math.max(0, ms), TIMER_MS_MAX)).unref()
  }
  wait()
  return () => clearTimeout(timer)
}
