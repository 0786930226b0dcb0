/** The writing end of a stream. */
export interface Sink<T> {
  /** Replaces the pending value. */
  push(value: T): void
  /** Completes the stream, after the pending value. */
  end(): void
}

/**
 * A stream with one reader and a buffer of one: a slow reader gets the latest value, never a backlog. Not a generator, which cannot
 * be stopped from outside while it waits; not a Repeater, which is too slow for ten thousand streams at once.
 * @param start called by the first read; the function that it returns is called once, when the stream ends or is cancelled
 */
export const latestValue = <T>(start: (sink: Sink<T>) => () => void): AsyncIterableIterator<T> =>
  new LatestValue(start)

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

class LatestValue<T> implements AsyncIterableIterator<T>, Sink<T> {
  private start: ((sink: Sink<T>) => () => void) | null
  private stop: (() => void) | null = null
  /** The value that was not read yet. */
  private pending: IteratorYieldResult<T> | null = null
  private ended = false
  /** Reads that wait for a value. */
  private readonly pendingReads: ((result: IteratorResult<T, undefined>) => void)[] = []

  constructor(start: (sink: Sink<T>) => () => void) {
    this.start = start
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.begin()
    const result = this.pending ?? (this.ended ? DONE : null)
    this.pending = null
    if (result) return Promise.resolve(result)
    return new Promise((resolve) => this.pendingReads.push(resolve))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.start = null
    this.pending = null
    this.end()
    return Promise.resolve(DONE)
  }

  push(value: T): void {
    if (this.ended) return
    const result = { done: false as const, value }
    const reader = this.pendingReads.shift()
    if (reader) reader(result)
    else this.pending = result
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    for (const reader of this.pendingReads.splice(0)) reader(DONE)
    this.stop?.()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private begin(): void {
    const { start } = this
    this.start = null
    if (!start) return
    const stop = start(this)
    // `start` may have ended the stream.
    if (this.ended) stop()
    else this.stop = stop
  }
}

/**
 * Maps each value when it is read, and skips those mapped to undefined. Not a generator, which could not be stopped from outside
 * while it waits, and would keep its source open.
 */
export function filterMap<From, To>(
  source: AsyncIterableIterator<From>,
  map: (value: From) => To | undefined,
): AsyncIterableIterator<To> {
  return {
    next: async () => {
      for (;;) {
        const read = await source.next()
        if (read.done === true) return { done: true, value: undefined }
        const value = map(read.value)
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
