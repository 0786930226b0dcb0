/** Operations as traces, whichever way they come in. */
import { getOperationAST, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { Context } from '../resolvers/context.ts'
import type { TraceWhole } from '../domain/trace.ts'
import { codeOf } from './mask-errors.ts'
import type { Execute } from './execute.ts'
import { fieldOnTop } from './operation-metrics.ts'
import { isStream, type Stream, type Subscribe } from './subscriptions.ts'

type Result = ExecutionResult | Stream

function traced<T extends Result>(whole: TraceWhole, args: ExecutionArgs, run: () => Promise<T>): Promise<T> {
  const { document, operationName } = args
  const { traceparent, requestId } = args.contextValue as Context
  const type = getOperationAST(document, operationName)?.operation ?? 'query'
  return whole({
    name: `${type} ${fieldOnTop(document, operationName)}`,
    attributes: {
      'graphql.operation.type': type,
      ...(requestId === undefined ? {} : { 'stagedoor.request_id': requestId }),
    },
    traceparent,
    run,
    problemOf: (result: Result) => {
      const errors = isStream(result) ? undefined : result.errors
      return errors && codeOf(errors[0])
    },
  })
}

/** How a query or mutation runs. */
export const tracedExecute =
  (execute: Execute, whole: TraceWhole): Execute =>
  (args) =>
    traced(whole, args, () => execute(args))

/** How a subscription starts: what it tells later is told by others' wake-ups. */
export const tracedSubscribe =
  (subscribe: Subscribe, whole: TraceWhole): Subscribe =>
  (args) =>
    traced(whole, args, () => subscribe(args))
