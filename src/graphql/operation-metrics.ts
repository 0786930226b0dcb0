/**
 * How often each operation is asked for, how it ends and how long it takes. Plain numbers, which /metrics reads when
 * somebody asks: a metrics library would cost more for each request than all of this.
 */
import {
  getOperationAST,
  Kind,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql'
import type { Context } from '../resolvers/context.ts'
import { codeOf } from './mask-errors.ts'

/** What there is to tell about one operation. */
export interface OperationStats {
  /** The field on top of it, or `other`: a name of ours, so that there is a bounded number of them. */
  readonly operation: string
  ok: number
  /** Ended with a refusal, which is an answer as good as any. */
  refused: number
  /** By error code. */
  readonly failed: Map<string, number>
  /** How many took no longer than each of DURATION_BOUNDS_MS, and than the one before it; the last: even longer. */
  readonly durations: number[]
  durationMsSum: number
}

export const DURATION_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]

type OperationArgs = Pick<ExecutionArgs, 'document' | 'operationName' | 'contextValue'>

export interface OperationMetrics {
  /** Counts a query or mutation that has been run. @param startedAt of performance.now() */
  recordCompleted(asked: OperationArgs, startedAt: number, result: Pick<ExecutionResult, 'errors'>): void
  /** Counts a subscription that was asked for. @param errors why there is none */
  recordSubscribed(asked: OperationArgs, errors?: readonly unknown[]): void
  /** Counts what could not be run at all. */
  recordRejected(errors: readonly unknown[]): void
  /** Subscriptions at the moment. */
  subscriptions: number
  stats(): Iterable<OperationStats>
}

const OTHER = 'other'

/** What alerts are about is there from the start: Prometheus sees no increase in a series that begins with its first. */
const INITIAL_ERROR_COUNTS: [code: string, count: number][] = [
  ['INTERNAL', 0],
  ['OVERLOADED', 0],
]

export function createOperationMetrics(schema: GraphQLSchema): OperationMetrics {
  const byOperation = new Map<string, OperationStats>()
  /** Of documents with one operation, which nearly all of them are. */
  const byDocument = new WeakMap<DocumentNode, OperationStats>()

  function tallyNamed(operation: string): OperationStats {
    const known = byOperation.get(operation)
    if (known) return known
    const durations = DURATION_BOUNDS_MS.map(() => 0).concat(0)
    const tally = {
      operation,
      ok: 0,
      refused: 0,
      failed: new Map(INITIAL_ERROR_COUNTS),
      durations,
      durationMsSum: 0,
    }
    byOperation.set(operation, tally)
    return tally
  }

  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const name of Object.keys(type?.getFields() ?? {})) tallyNamed(name)
  }
  tallyNamed(OTHER)

  function tallyOf({ document, operationName }: OperationArgs): OperationStats {
    const known = byDocument.get(document)
    if (known) return known
    const tally = tallyNamed(rootFieldName(document, operationName))
    const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    if (operations.length === 1) byDocument.set(document, tally)
    return tally
  }

  function fail({ failed }: OperationStats, [error]: readonly unknown[]): void {
    const code = codeOf(error)
    failed.set(code, (failed.get(code) ?? 0) + 1)
  }

  return {
    recordCompleted: (asked, startedAt, { errors }) => {
      const tally = tallyOf(asked)
      const ms = performance.now() - startedAt
      tally.durationMsSum += ms
      let bucket = 0
      while (ms > (DURATION_BOUNDS_MS[bucket] ?? Infinity)) bucket += 1
      tally.durations[bucket] = (tally.durations[bucket] ?? 0) + 1
      if (errors) fail(tally, errors)
      else if ((asked.contextValue as Context).refused) tally.refused += 1
      else tally.ok += 1
    },
    recordSubscribed: (asked, errors) => {
      const tally = tallyOf(asked)
      if (errors) fail(tally, errors)
      else tally.ok += 1
    },
    recordRejected: (errors) => fail(tallyNamed(OTHER), errors),
    subscriptions: 0,
    stats: () => byOperation.values(),
  }
}

/** The one field on top of a valid operation, which is a name of the schema. */
export function rootFieldName(document: DocumentNode, operationName: string | null | undefined): string {
  const selections = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  const names = new Set(selections.map((one) => (one.kind === Kind.FIELD ? one.name.value : OTHER)))
  const [name = OTHER, ...more] = names
  return more.length > 0 || name.startsWith('__') ? OTHER : name
}
