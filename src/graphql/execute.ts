/** Executes queries, mutations and the events of subscriptions, as compiled code where there is some. */
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
import { Problem } from '../domain/problem.ts'
import type { Context } from '../resolvers/context.ts'

type MaybePromise<T> = T | Promise<T>

/**
 * Runs an operation. The result of compiled code is used when nothing went wrong, or when the only root field failed:
 * graphql-jit words other errors differently, and orders and places them differently. Only queries and events are compiled,
 * and what their resolvers load is kept in the context, so running them again costs little and changes nothing.
 * @param compiled null: graphql-js executes the operation
 */
export function executeOperation(
  compiled: CompiledQuery | null,
  args: ExecutionArgs,
): MaybePromise<ExecutionResult> {
  const executeWithoutJit = (): MaybePromise<ExecutionResult> => {
    resetCounters(args.contextValue as Context)
    return execute(args)
  }
  if (!compiled) return executeWithoutJit()
  const checkErrors = (result: ExecutionResult): MaybePromise<ExecutionResult> => {
    if (!result.errors) return result
    const error = soleFieldError(result.errors, args)
    // Other requests are served in between: each of the two runs may take as long as an operation may.
    return error ? { errors: [error], data: result.data ?? null } : setImmediate().then(executeWithoutJit)
  }
  resetCounters(args.contextValue as Context)
  const result = compiled.query(args.rootValue, args.contextValue, args.variableValues ?? {})
  return result instanceof Promise ? result.then(checkErrors) : checkErrors(result)
}

/** Each run has its own limits: the second run of an operation, and every event of a subscription. */
function resetCounters(context: Context): void {
  context.listValues = 0
  context.seatsRead = 0
}

/**
 * The error, placed as graphql-js does it, if the resolver of the only root field failed: then there is no other error, and
 * no second deadline to wait for.
 */
function soleFieldError(
  errors: readonly GraphQLError[],
  { document, operationName }: ExecutionArgs,
): GraphQLError | undefined {
  const [error, ...others] = errors
  const [selection, ...more] = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  const isSole =
    others.length === 0 &&
    more.length === 0 &&
    selection?.kind === Kind.FIELD &&
    error?.path?.length === 1 &&
    error.originalError instanceof Problem
  return isSole ? locatedError(error.originalError, selection, error.path) : undefined
}
