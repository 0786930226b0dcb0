/** A subscription read value by value, for scripts and tests. */
import type { Handlers } from './subscriptions.ts'

export interface Values<Data> {
  /** The next value; values queue up, so that none is missed. Null when the server has ended the stream. @throws ApiError */
  next(): Promise<Data | null>
  /** Reads on until a value fits; null if the stream ends before. @throws ApiError */
  until(fits: (data: Data) => boolean): Promise<Data | null>
  stop(): void
}

/** @param subscribe begins the subscription, and returns what stops it */
export function iterate<Data>(subscribe: (handlers: Handlers<Data>) => () => void): Values<Data> {
  const queue: Data[] = []
  let ended: Error | null | undefined
  let wake = (): void => undefined
  const end = (reason: Error | null): void => {
    if (ended === undefined) ended = reason
    wake()
  }
  const stop = subscribe({
    onNext: (data) => {
      queue.push(data)
      wake()
    },
    onComplete: () => end(null),
    onError: end,
  })
  const next = async (): Promise<Data | null> => {
    for (;;) {
      const value = queue.shift()
      if (value !== undefined) return value
      if (ended) throw ended
      if (ended === null) return null
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    next,
    until: async (fits) => {
      for (;;) {
        const value = await next()
        if (value === null || fits(value)) return value
      }
    },
    stop: () => {
      stop()
      end(null)
    },
  }
}
