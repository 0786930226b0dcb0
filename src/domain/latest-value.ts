/** The writing end of a stream. */
export interface Feed<T> {
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
export const latest = <T>(start: (feed: Feed<T>) => () => void): AsyncIterableIterator<T> => new Latest(start)

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

class Latest<T> implements AsyncIterableIterator<T>, Feed<T> {
  private start: ((feed: Feed<T>) => () => void) | null
  private stop: (() => void) | null = null
  /** What the reader has not taken yet. */
  private untaken: IteratorYieldResult<T> | null = null
  private over = false
  /** Reads that wait for a value. */
  private readonly waiting: ((result: IteratorResult<T, undefined>) => void)[] = []

  constructor(start: (feed: Feed<T>) => () => void) {
    this.start = start
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.begin()
    const result = this.untaken ?? (this.over ? DONE : null)
    this.untaken = null
    if (result) return Promise.resolve(result)
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.start = null
    this.untaken = null
    this.end()
    return Promise.resolve(DONE)
  }

  push(value: T): void {
    if (this.over) return
    const result = { done: false as const, value }
    const reader = this.waiting.shift()
    if (reader) reader(result)
    else this.untaken = result
  }

  end(): void {
    if (this.over) return
    this.over = true
    for (const reader of this.waiting.splice(0)) reader(DONE)
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
    if (this.over) stop()
    else this.stop = stop
  }
}

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
