import { Repeater, SlidingBuffer } from '@repeaterjs/repeater'

/** The writing end of a stream. */
export interface Feed<T> {
  /** Replaces whatever the reader has not taken yet. */
  push(value: T): void
  /** Completes the stream, after the value that the reader has not taken yet. */
  end(): void
}

/**
 * A stream for one reader that holds one value, the latest: a slow reader gets the newest state, never a
 * backlog. A Repeater, because a generator that waits for its next value cannot be stopped from outside.
 *
 * @param start runs at the first read; what it returns runs once, when the stream completes or is dropped
 */
export const latest = <T>(start: (feed: Feed<T>) => () => void): AsyncIterableIterator<T> =>
  new Repeater<T, undefined>(async (push, stop) => {
    const onStop = start({ push: (value) => void push(value), end: () => stop() })
    await stop
    onStop()
    return undefined
  }, new SlidingBuffer(1))

/**
 * The stream with each value translated when it is taken, so that values which were never taken leave no trace.
 * Not a generator: one that waits could not be stopped from outside, and would keep its source open.
 * @param translate undefined: there is nothing to tell about this value
 */
export function mapLatest<From, To>(
  source: AsyncIterableIterator<From>,
  translate: (value: From) => To | undefined,
): AsyncIterableIterator<To> {
  return {
    next: async () => {
      for (;;) {
        const taken = await source.next()
        if (taken.done === true) return { done: true, value: undefined }
        const value = translate(taken.value)
        if (value !== undefined) return { done: false, value }
      }
    },
    return: async () => {
      await source.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The stream, until another one says a value that ends it, or completes. Dropping it drops both. */
export function stopWhen<Value, Signal>(
  source: AsyncIterableIterator<Value>,
  signals: AsyncIterableIterator<Signal>,
  ends: (signal: Signal) => boolean,
): AsyncIterableIterator<Value> {
  const stop = async (): Promise<IteratorResult<Value>> => {
    await Promise.all([source.return?.(), signals.return?.()])
    return { done: true, value: undefined }
  }
  const listen = async (): Promise<void> => {
    for await (const signal of signals) if (ends(signal)) break
    await stop()
  }
  listen().catch(() => stop())
  return {
    next: () => source.next(),
    return: stop,
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
