/** The results of a subscription as an async iterator that can be ended from outside. */
import type { ExecutionResult } from 'graphql'

export type Stream = AsyncIterableIterator<ExecutionResult, undefined>

/** False: it is a single result. */
export const isStream = (result: ExecutionResult | Stream): result is Stream => Symbol.asyncIterator in result

/** Ends an iterator without waiting for it. An error of its cleanup has no reader any more, and is dropped. */
export function endStream(iterator: AsyncIterator<unknown>): void {
  iterator.return?.().catch(() => undefined)
}

interface EndableStream extends Stream {
  /** Completes the stream after this result, which replaces results that have not been read yet. */
  endWith(last: ExecutionResult): void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Maps events to results, one at a time. Not an async generator: one that waits for its next value cannot be ended from
 * outside.
 * @param onEnd called once, however the stream ends
 */
export function mapEvents(
  events: AsyncIterator<unknown>,
  toResult: (event: unknown) => Promise<ExecutionResult> | ExecutionResult,
  onEnd: () => void,
): EndableStream {
  let hasEnded = false
  let last: ExecutionResult | undefined
  const end = (): typeof DONE => {
    if (!hasEnded) onEnd()
    hasEnded = true
    return DONE
  }
  const fail = (error: unknown): never => {
    end()
    throw error
  }
  const yielded = (value: ExecutionResult) => ({ done: false as const, value })
  const onNext = (next: IteratorResult<unknown>) => {
    if (last && !hasEnded) {
      const value = last
      last = undefined
      return yielded(value)
    }
    if (next.done === true) return end()
    try {
      const result = toResult(next.value)
      return result instanceof Promise ? result.then(yielded, fail) : yielded(result)
    } catch (error) {
      return fail(error)
    }
  }
  return {
    // No promise more than needed: ten thousand subscribers wait here.
    next: () => events.next().then(onNext, fail),
    return: async () => {
      end()
      await events.return?.()
      return DONE
    },
    endWith: (result) => {
      last = result
      endStream(events)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
