/** The writing end of a stream. */
export interface Sink<T> {
  /** Replaces whatever the reader has not taken yet. */
  push(value: T): void
  /** Completes the stream, after the value that the reader has not taken yet. */
  end(): void
}

/**
 * A stream for one reader that holds one value, the latest: a slow reader gets the newest state, never a
 * backlog. Not a generator, because one that waits for its next value cannot be stopped from outside; and not a
 * Repeater, because ten thousand of these are told something at once.
 *
 * @param start runs at the first read; what it returns runs once, when the stream completes or is dropped
 */
export const latestValue = <T>(start: (feed: Sink<T>) => () => void): AsyncIterableIterator<T> =>
  new LatestValue(start)

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

class LatestValue<T> implements AsyncIterableIterator<T>, Sink<T> {
  private start: ((feed: Sink<T>) => () => void) | null
  private stop: (() => void) | null = null
  /** What the reader has not taken yet. */
  private pending: IteratorYieldResult<T> | null = null
  private ended = false
  /** Reads that wait for a value. */
  private readonly pendingReads: ((result: IteratorResult<T, undefined>) => void)[] = []

  constructor(start: (feed: Sink<T>) => () => void) {
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
    // It may have ended while it began.
    if (this.ended) stop()
    else this.stop = stop
  }
}

/**
 * The stream with each value translated when it is taken, so that values which were never taken leave no trace.
 * Not a generator: one that waits could not be stopped from outside, and would keep its source open.
 * @param translate undefined: there is nothing to tell about this value
 */
export function filterMap<From, To>(
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
export function takeUntil<Value, Signal>(
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
