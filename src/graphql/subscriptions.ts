/** Subscriptions: how many a user may have on this server, and how each event becomes a result. */
import {
  createSourceEventStream,
  getOperationAST,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
} from 'graphql'
import { tokenExpired } from '../auth/access-tokens.ts'
import { Problem } from '../domain/problem.ts'
import { scheduleAt } from '../domain/timeout.ts'
import { viewerOrNull } from '../resolvers/authorization.ts'
import type { Context } from '../resolvers/context.ts'
import type { DocumentCache } from './document-cache.ts'
import { executeOperation } from './execute.ts'
import { maskResult, type ReportBug } from './mask-errors.ts'
import type { OperationMetrics } from './operation-metrics.ts'
import { endStream, mapEvents, type Stream } from './result-stream.ts'

export interface SubscribeOptions {
  documents: DocumentCache
  /** Subscriptions of one user on this server, over all transports. Guests are counted by address, with 100 times as many. */
  perUserMax: number
  metrics: OperationMetrics
  /** Logs an error that the client does not see. */
  onBug: ReportBug
}

/**
 * Starts the subscription of a valid document.
 * @param signal ends the stream
 * @returns why it cannot be started: errors that are not masked yet
 * @throws Problem RATE_LIMITED
 */
export type Subscribe = (args: ExecutionArgs, signal?: AbortSignal) => Promise<Stream | ExecutionResult>

export function createSubscribe({ documents, perUserMax, metrics, onBug }: SubscribeOptions): Subscribe {
  /** Open subscriptions by user id or address. */
  const counts = new Map<string, number>()
  const countOf = (key: string): number => counts.get(key) ?? 0

  return async (args, signal) => {
    const context = args.contextValue as Context
    // Before anything that has to be undone: it may throw.
    const compiled = documents.use(args)
    const events = await createSourceEventStream(args)
    if (!(Symbol.asyncIterator in events)) return events
    const source = events[Symbol.asyncIterator]()
    const userId = viewerOrNull(context)?.userId
    const key = userId ?? context.address
    if (countOf(key) >= (userId === undefined ? perUserMax * 100 : perUserMax)) {
      endStream(source)
      throw tooManySubscriptions()
    }
    counts.set(key, countOf(key) + 1)
    metrics.subscriptionStarted()

    const eventArgs = { ...args, variableValues: declaredVariables(args) }
    const masked = (result: ExecutionResult): ExecutionResult => maskResult(result, onBug, context)
    const toResult = (event: unknown): Promise<ExecutionResult> | ExecutionResult => {
      const result = executeOperation(compiled, { ...eventArgs, rootValue: event })
      return result instanceof Promise ? result.then(masked) : masked(result)
    }
    const stream = mapEvents(source, toResult, () => {
      cancelExpiry()
      metrics.subscriptionEnded()
      if (countOf(key) > 1) counts.set(key, countOf(key) - 1)
      else counts.delete(key)
    })
    const cancelExpiry = scheduleAt(context.expiresAt, () =>
      stream.endWith(masked({ errors: [tokenExpired() as unknown as GraphQLError] })),
    )
    // The client may have disconnected at any of the steps before, and may do so before the stream is read.
    const end = (): void => endStream(stream)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
    return stream
  }
}

const tooManySubscriptions = (): Problem =>
  new Problem('RATE_LIMITED', 'You have too many subscriptions. End some of them first.', {
    retryAfterSeconds: 10,
  })

/** Without the variables that the operation does not declare: they are not kept while the stream is open. */
function declaredVariables({ document, operationName, variableValues = {} }: ExecutionArgs) {
  const { variableDefinitions = [] } = getOperationAST(document, operationName) ?? {}
  const names = variableDefinitions.map(({ variable }) => variable.name.value)
  return Object.fromEntries(
    names
      .filter((name) => Object.hasOwn(variableValues ?? {}, name))
      .map((name) => [name, variableValues?.[name]]),
  )
}
