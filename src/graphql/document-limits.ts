/** Limits of documents. The cost of an operation with its variables is limited in complexity.ts. */
import {
  GraphQLError,
  Kind,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  SingleFieldSubscriptionsRule,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import { limits } from '../schema/builder.ts'
import { complexityExceeded } from './complexity.ts'
import { measureDocument } from './document-size.ts'

export const TOKENS_MAX = 1_500
/** More than one for each token: every error counts the lines of the document up to its location. */
export const LINES_MAX = 2_000
const ALIASES_MAX = 20
const DIRECTIVES_MAX = 20
/**
 * Fields of one operation or fragment, with those of the introspection schema: GraphiQL's query has 230. Validation compares
 * fields of the same name in pairs, which takes at most 16 ms for this many.
 */
const FIELDS_MAX = 400
/** The same of all operations and fragments together. */
const DOCUMENT_FIELDS_MAX = 10_000
/** Fields with arguments under the same name: comparing a pair of them prints the arguments of both. */
const REPEATED_MAX = 40
/** Estimated values in the result of an introspection query: GraphiQL's has 143,287. */
const INTROSPECTION_MAX = 160_000
/** Errors that are reported for one document. */
const ERRORS_MAX = 20

/** The selections at the root of an operation, in its fragments too, however often those are spread. */
function* rootSelections(
  { selections }: SelectionSetNode,
  context: ValidationContext,
  visited = new Set<string>(),
): Generator<SelectionNode> {
  for (const selection of selections) {
    yield selection
    if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* rootSelections(selection.selectionSet, context, visited)
    if (selection.kind !== Kind.FRAGMENT_SPREAD || visited.has(selection.name.value)) continue
    visited.add(selection.name.value)
    const fragment = context.getFragment(selection.name.value)
    if (fragment) yield* rootSelections(fragment.selectionSet, context, visited)
  }
}

/** At most one field of an operation moves money, so that a result is about one payment. */
const singleMoneyMutation: ValidationRule = (context) => ({
  OperationDefinition: (operation) => {
    const fields = context.getSchema().getRootType(operation.operation)?.getFields() ?? {}
    let moving = 0
    for (const selection of rootSelections(operation.selectionSet, context)) {
      if (selection.kind === Kind.FIELD && fields[selection.name.value]?.extensions.movesMoney === true)
        moving += 1
    }
    if (moving < 2) return
    context.reportError(
      new GraphQLError('One operation can charge or pay once. Send the others on their own.', {
        nodes: operation,
      }),
    )
  },
})

/**
 * A subscription has one root field, which no directive leaves out: https://spec.graphql.org/September2025/#sec-Single-Root-Field.
 * graphql-js checks only the number, for which it evaluates the conditions without their variables, and throws.
 */
const singleSubscriptionField: ValidationRule = (context) => {
  const { OperationDefinition: countFields } = SingleFieldSubscriptionsRule(context) as {
    OperationDefinition: (operation: OperationDefinitionNode) => void
  }
  return {
    OperationDefinition: (operation) => {
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return
      for (const selection of rootSelections(operation.selectionSet, context)) {
        const condition = selection.directives?.find(({ name }) => ['skip', 'include'].includes(name.value))
        if (!condition) continue
        const message = 'The root field of a subscription cannot have @skip or @include.'
        context.reportError(new GraphQLError(message, { nodes: condition }))
        return
      }
      countFields(operation)
    },
  }
}

/** An alias is in the result once for every item of a list. */
const ALIAS_CHARACTERS_MAX = 64

/** `__proto__` as a key would be lost. */
const aliasLimits: ValidationRule = (context) => ({
  Field: ({ alias }) => {
    if (!alias || (alias.value.length <= ALIAS_CHARACTERS_MAX && alias.value !== '__proto__')) return
    const message = `An alias can be at most ${ALIAS_CHARACTERS_MAX} characters long, and not __proto__.`
    context.reportError(new GraphQLError(message, { nodes: alias }))
  },
})

export interface ValidationOptions {
  /** May clients query the schema? */
  introspection: boolean
}

/**
 * Checks the size of a document, in time linear in the document, and then the rules of validation, which are not linear.
 * @returns the errors of a document, none if it may be executed
 */
export function createValidation(schema: GraphQLSchema, { introspection }: ValidationOptions) {
  const rules = [
    ...specifiedRules.filter((rule) => rule !== SingleFieldSubscriptionsRule),
    singleSubscriptionField,
    singleMoneyMutation,
    aliasLimits,
    ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
  ]
  return (document: DocumentNode): readonly GraphQLError[] => {
    const size = measureDocument(document)
    if (!size) return validate(schema, document, [NoFragmentCyclesRule], { maxErrors: ERRORS_MAX })
    const { fields, depth, aliases, directives, introspection: values } = size.operation
    if (aliases > ALIASES_MAX) return [exceeded('Aliases', ALIASES_MAX, aliases)]
    if (directives > DIRECTIVES_MAX) return [exceeded('Directives', DIRECTIVES_MAX, directives)]
    const isTooMuch =
      fields > limits.breadth ||
      depth > limits.depth ||
      values > INTROSPECTION_MAX ||
      size.largestDefinition > FIELDS_MAX ||
      size.repeated > REPEATED_MAX ||
      size.allFields > DOCUMENT_FIELDS_MAX
    if (isTooMuch) return [complexityExceeded()]
    return validate(schema, document, rules, { maxErrors: ERRORS_MAX })
  }
}

const exceeded = (what: string, max: number, found: number): GraphQLError =>
  new GraphQLError(`${what} limit of ${max} exceeded, found ${found}.`)
