/** How operations are counted. telemetry/requests.ts implements it. */
import { Kind, type ExecutionResult, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'
import type { Context } from '../resolvers/context.ts'
import { codeOf } from './mask-errors.ts'

export interface OperationMetrics {
  /**
   * Counts an operation.
   * @param operation its root field, or `other`
   * @param outcome `ok`, `refused`, or the code of its first error
   * @param ms how long it ran; undefined for subscriptions and for what was not run
   */
  record(operation: string, outcome: string, ms?: number): void
  /** Counts open subscriptions. */
  subscriptionStarted(): void
  subscriptionEnded(): void
}

/** Operations that cannot be named by one field of the schema: there is a bounded number of names. */
export const OTHER = 'other'

/** Every name under which an operation can be counted. */
export const operationNames = (schema: GraphQLSchema): string[] => [
  ...[schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  ),
  OTHER,
]

const namesByOperation = new WeakMap<OperationDefinitionNode, string>()

/** The one root field of a valid operation, which is a name of the schema. */
export function rootFieldName(operation: OperationDefinitionNode): string {
  const known = namesByOperation.get(operation)
  if (known !== undefined) return known
  const { selections } = operation.selectionSet
  const names = new Set(selections.map((one) => (one.kind === Kind.FIELD ? one.name.value : OTHER)))
  const [first = OTHER, ...others] = names
  const name = others.length > 0 || first.startsWith('__') ? OTHER : first
  namesByOperation.set(operation, name)
  return name
}

export function outcomeOf({ errors }: Pick<ExecutionResult, 'errors'>, context?: Context): string {
  if (errors) return codeOf(errors[0])
  return context?.refused ? 'refused' : 'ok'
}
