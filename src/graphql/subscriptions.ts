/** Subscriptions: what one may cost, how many somebody may have on this server, and how each event becomes an answer. */
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql'
import type { CompiledQuery } from 'graphql-jit'
import type { Context } from '../resolvers/context.ts'
import { tokenExpired } from '../auth/access-tokens.ts'
import { scheduleAt } from '../domain/timeout.ts'
import { Problem } from '../domain/problem.ts'
import { viewerOrNull } from '../resolvers/authorization.ts'
import { operationErrors } from './complexity.ts'
import type { DocumentCache } from './document-cache.ts'
import { maskResult, type ReportBug } from './mask-errors.ts'
import { executeOperation } from './execute.ts'
import type { OperationMetrics } from './operation-metrics.ts'

export interface SubscribeOptions {
  documents: DocumentCache
  /** Over whichever transport; who has not signed in is counted with the others of that address, 100 as one. */
  perUserMax: number
  /** Hears of what a client is not told. */
  onBug: ReportBug
  metrics: OperationMetrics
}

export type Stream = AsyncIterableIterator<ExecutionResult, undefined>

/** Other than a result that says why there is none. */
export const isStream = (result: object): result is Stream => Symbol.asyncIterator in result

export type Subscribe = (args: ExecutionArgs) => Promise<Stream | ExecutionResult>

/** Starts subscriptions, for all transports: the answers are as clients may see them, errors too. */
export function createSubscribe({
  documents,
  perUserMax,
  onBug,
  metrics: meter,
}: SubscribeOptions): Subscribe {
  const open = new Map<string, number>()
  const countOf = (who: string): number => open.get(who) ?? 0

  async function subscribe(args: ExecutionArgs): Promise<Stream | ExecutionResult> {
    const errors = operationErrors(args)
    const context = args.contextValue as Context
    const shown = (result: ExecutionResult): ExecutionResult => maskResult(result, context, onBug)
    if (errors) return shown({ errors })
    const events = await createSourceEventStream(args)
    if (!(Symbol.asyncIterator in events)) return shown(events)
    const userId = viewerOrNull(context)?.userId
    const who = userId ?? context.address
    const source = events[Symbol.asyncIterator]()
    if (countOf(who) >= (userId === undefined ? perUserMax * 100 : perUserMax)) {
      close(source)
      throw tooManySubscriptions()
    }
    open.set(who, countOf(who) + 1)
    meter.subscriptions += 1
    const stream = mapSourceToResults(source, createEventExecutor(documents.use(args), args, shown), () => {
      stopClock()
      meter.subscriptions -= 1
      if (countOf(who) > 1) open.set(who, countOf(who) - 1)
      else open.delete(who)
    })
    const stopClock = scheduleAt(context.expiresAt, () =>
      stream.endWith(shown({ errors: [tokenExpired() as unknown as GraphQLError] })),
    )
    // The client may have disconnected at any of the steps before, and may do so before anybody reads the stream.
    const end = (): void => close(stream)
    if (context.signal?.aborted) end()
    else context.signal?.addEventListener('abort', end, { once: true })
    return stream
  }

  return async (args) => {
    const started = await subscribe(args).catch((error: unknown) =>
      maskResult({ errors: [error as GraphQLError] }, args.contextValue as Context, onBug),
    )
    meter.recordSubscribed(args, isStream(started) ? undefined : started.errors)
    return started
  }
}

const tooManySubscriptions = (): Problem =>
  new Problem('RATE_LIMITED', 'You have too many subscriptions. End some of them first.', {
    retryAfterSeconds: 10,
  })

/** What an event becomes for a subscriber. The variables were found to be right when the stream was started. */
function createEventExecutor(
  compiled: CompiledQuery | null,
  args: ExecutionArgs,
  shown: (result: ExecutionResult) => ExecutionResult,
) {
  return (event: unknown) => {
    const result = executeOperation(compiled, { ...args, rootValue: event })
    return result instanceof Promise ? result.then(shown) : shown(result)
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Ends an iterator without waiting for it. That it fails to end concerns nobody who is still there. */
function close(iterator: AsyncIterator<unknown>): void {
  iterator.return?.().catch(() => undefined)
}

/** A stream that can be ended from outside. */
interface EndableStream extends Stream {
  /** Completes it after this result, which replaces whatever the reader has not taken yet. */
  endWith(last: ExecutionResult): void
}

/**
 * The answers to events, one at a time. Not a generator: one that waits for its next value cannot be stopped from outside.
 * @param onEnd is called once, however the stream ends
 */
function mapSourceToResults(
  events: AsyncIterator<unknown>,
  answer: (event: unknown) => Promise<ExecutionResult> | ExecutionResult,
  onEnd: () => void,
): EndableStream {
  let over = false
  let last: ExecutionResult | undefined
  const end = (): typeof DONE => {
    if (!over) onEnd()
    over = true
    return DONE
  }
  const shownAs = (value: ExecutionResult) => ({ done: false as const, value })
  const onFailed = (error: unknown): never => {
    end()
    throw error
  }
  const onTaken = (taken: IteratorResult<unknown>) => {
    if (last && !over) {
      const value = last
      last = undefined
      return shownAs(value)
    }
    if (taken.done === true) return end()
    try {
      const result = answer(taken.value)
      return result instanceof Promise ? result.then(shownAs, onFailed) : shownAs(result)
    } catch (error) {
      return onFailed(error)
    }
  }
  return {
    // While it waits, a promise less is a promise less for each of ten thousand listeners.
    next: () => events.next().then(onTaken, onFailed),
    return: async () => {
      end()
      await events.return?.()
      return DONE
    },
    endWith: (result) => {
      last = result
      close(events)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
