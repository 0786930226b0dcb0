/** The cost of an operation with its variables, checked before it is executed. Limits of documents: document-limits.ts. */
import {
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  isInterfaceType,
  isObjectType,
  Kind,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { limits } from '../schema/builder.ts'

/** Operations that are within the limit, and whose cost does not depend on variables. */
const affordable = new WeakSet<OperationDefinitionNode>()

/** As in graphql-js's `execute`. */
const COERCION_OPTIONS = { maxErrors: 50 }

/**
 * The errors for which an operation of a valid document is not executed: its variables do not fit their types, or it costs too
 * much.
 * @returns undefined: it may be executed
 */
export function operationErrors(args: ExecutionArgs): readonly GraphQLError[] | undefined {
  const { schema, document, operationName, variableValues } = args
  const operation = getOperationAST(document, operationName)
  // A compiled document has one operation, and would execute it under any name.
  if (!operation) return [unknownOperation()]
  const { errors, coerced } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variableValues ?? {},
    COERCION_OPTIONS,
  )
  if (errors) return errors
  if (affordable.has(operation)) return undefined
  const { cost, isVariable } = costOf(args, operation, coerced)
  if (cost > limits.complexity) return [complexityExceeded()]
  if (!isVariable) affordable.add(operation)
  return undefined
}

export const unknownOperation = (): GraphQLError =>
  new GraphQLError('Could not determine what operation to execute.', {
    extensions: { http: { status: 400 } },
  })

export const complexityExceeded = (): GraphQLError =>
  new GraphQLError('This operation asks for too much at once. Split it up.')

/** The option `complexity` of a field, as the complexity plugin of Pothos stores it. */
type Complexity = number | { field?: number; multiplier?: number }

/**
 * The cost of an operation, with its fragments expanded. Each selection set is measured once for each type that it applies to,
 * so the time is linear in the document.
 */
function costOf(
  { schema, document }: ExecutionArgs,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): { cost: number; isVariable: boolean } {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const known = new Map<SelectionSetNode, Map<string, number>>()
  let isVariable = false

  function complexityOf(field: Field, node: FieldNode): Complexity {
    const option = field.extensions.complexity as Complexity | ((args: object) => Complexity)
    if (typeof option !== 'function') return option
    if (node.arguments?.some(({ value }) => value.kind === Kind.VARIABLE)) isVariable = true
    try {
      return option(getArgumentValues(field, node, variables))
    } catch (error) {
      // Then the field fails before it costs anything.
      if (error instanceof GraphQLError) return 1
      throw error
    }
  }

  function costOfField(node: FieldNode, typeName: string): number {
    const field = fieldOf(schema, typeName, node.name.value)
    // Introspection is bounded by document-limits.ts.
    if (!field) return 1
    const complexity = complexityOf(field, node)
    const inner = node.selectionSet ? costOfSet(node.selectionSet, getNamedType(field.type).name) : 0
    if (typeof complexity === 'number') return complexity + inner
    return (complexity.field ?? 1) + Math.max(complexity.multiplier ?? 1, 0) * inner
  }

  function costOfSet(set: SelectionSetNode, typeName: string): number {
    const before = known.get(set)?.get(typeName)
    if (before !== undefined) return before
    let cost = 0
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) cost += costOfField(selection, typeName)
      else {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
        if (!fragment) continue
        cost += costOfSet(fragment.selectionSet, fragment.typeCondition?.name.value ?? typeName)
      }
    }
    const ofSet = known.get(set) ?? new Map<string, number>()
    known.set(set, ofSet.set(typeName, cost))
    return cost
  }

  const root = schema.getRootType(operation.operation)
  return { cost: root ? costOfSet(operation.selectionSet, root.name) : 0, isVariable }
}

type Field = GraphQLField<unknown, unknown>

function fieldOf(schema: GraphQLSchema, typeName: string, name: string): Field | undefined {
  const type = schema.getType(typeName)
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined
}
