/** One way to run a query or mutation, for all transports. */
import { setImmediate } from 'node:timers/promises'
import {
  execute,
  getOperationAST,
  Kind,
  locatedError,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
} from 'graphql'
import type { CompiledQuery } from 'graphql-jit'
import type { Context } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'
import { operationErrors } from './complexity.ts'
import type { DocumentCache } from './document-cache.ts'
import { maskResult, type ReportBug } from './mask-errors.ts'
import { yieldIfLarge } from '../schema/list-values.ts'
import type { OperationMetrics } from './operation-metrics.ts'

export interface ExecuteOptions {
  documents: DocumentCache
  metrics: OperationMetrics
  /** Hears of what a client is not told. */
  onBug: ReportBug
}

type MaybePromise<T> = T | Promise<T>

export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult>

/** @returns runs an operation of a valid document. Errors are as clients may see them. */
export function createExecute({ documents, metrics: meter, onBug }: ExecuteOptions): Execute {
  return async (args) => {
    const startedAt = performance.now()
    const errors = operationErrors(args)
    const result = errors ? { errors } : await executeOperation(documents.use(args), args)
    meter.recordCompleted(args, startedAt, result)
    await yieldIfLarge(args.contextValue as Context)
    return maskResult(result, args.contextValue as Context, onBug)
  }
}

/**
 * Runs an operation, as compiled code where there is some. Its result is used when nothing went wrong, or when the one
 * field on top failed: graphql-jit tells other errors in other words, at other places and in another order. Only queries
 * and the events of subscriptions are compiled, and what their resolvers load is kept in the context, so running them again
 * costs little and changes nothing.
 * @param compiled null: graphql-js executes it
 */
export function executeOperation(
  compiled: CompiledQuery | null,
  args: ExecutionArgs,
): MaybePromise<ExecutionResult> {
  const executed = (): MaybePromise<ExecutionResult> => {
    resetCounters(args.contextValue as Context)
    return execute(args)
  }
  if (!compiled) return executed()
  const orExecute = (result: ExecutionResult): MaybePromise<ExecutionResult> => {
    if (!result.errors) return result
    const error = soleFieldError(result.errors, args)
    // Other requests come between: either run may take as long as an operation may.
    return error ? { errors: [error], data: result.data ?? null } : setImmediate().then(executed)
  }
  resetCounters(args.contextValue as Context)
  const result = compiled.query(args.rootValue, args.contextValue, args.variableValues ?? {})
  return result instanceof Promise ? result.then(orExecute) : orExecute(result)
}

/** Each run is counted for itself: the second one of an operation, and every event of a subscription. */
function resetCounters(context: Context): void {
  context.listValues = 0
  context.seatsRead = 0
}

/**
 * The error, placed as graphql-js does it, if the resolver of the only field on top failed: then there is nothing else to tell,
 * and no second deadline to wait for.
 */
function soleFieldError(
  errors: readonly GraphQLError[],
  { document, operationName }: ExecutionArgs,
): GraphQLError | undefined {
  const [error, ...others] = errors
  const [selection, ...more] = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  const isOnly =
    others.length === 0 &&
    more.length === 0 &&
    selection?.kind === Kind.FIELD &&
    error?.path?.length === 1 &&
    error.originalError instanceof Problem
  return isOnly ? locatedError(error.originalError, selection, error.path) : undefined
}
