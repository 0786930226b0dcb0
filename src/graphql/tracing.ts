/** Operations as traces, whichever way they come in. */
import { getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Context } from '../resolvers/context.ts'
import type { TraceRequest } from '../domain/trace.ts'
import { codeOf } from './mask-errors.ts'
import type { Execute } from './execute.ts'
import { rootFieldName } from './operation-metrics.ts'
import { isStream, type Stream, type Subscribe } from './subscriptions.ts'

type Result = ExecutionResult | Stream

function traceOperation<T extends Result>(
  whole: TraceRequest,
  args: ExecutionArgs,
  run: () => Promise<T>,
): Promise<T> {
  const { document, operationName } = args
  const { traceparent, requestId } = args.contextValue as Context
  const type = getOperationAST(document, operationName)?.operation ?? 'query'
  return whole({
    name: `${type} ${rootFieldName(document, operationName)}`,
    attributes: {
      'graphql.operation.type': type,
      ...(requestId === undefined ? {} : { 'stagedoor.request_id': requestId }),
    },
    traceparent,
    run,
    errorMessageOf: (result: Result) => {
      const errors = isStream(result) ? undefined : result.errors
      return errors && codeOf(errors[0])
    },
  })
}

/** How a query or mutation runs. */
export const withExecuteTracing =
  (execute: Execute, whole: TraceRequest): Execute =>
  (args) =>
    traceOperation(whole, args, () => execute(args))

/** How a subscription starts: what it tells later is told by others' wake-ups. */
export const withSubscribeTracing =
  (subscribe: Subscribe, whole: TraceRequest): Subscribe =>
  (args) =>
    traceOperation(whole, args, () => subscribe(args))
