/** What a document may be, whichever way it comes in. What its operations may cost with their variables is in complexity.ts. */
import {
  GraphQLError,
  Kind,
  NoFragmentCyclesRule,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql'
import { limits } from '../schema/builder.ts'
import { complexityExceeded } from './complexity.ts'
import { measureDocument } from './document-size.ts'

export const TOKENS_MAX = 1_500
/** More than one for each token: every error counts the lines of the document up to its place. */
export const LINES_MAX = 2_000
const ALIASES_MAX = 20
const DIRECTIVES_MAX = 20
/**
 * Fields of one operation or fragment, with those of the introspection schema: what GraphiQL asks for has 230. Validation
 * compares fields of the same name in pairs, which takes at most 16 ms for so many.
 */
const FIELDS_MAX = 400
/** The same of all operations and fragments together. */
const DOCUMENT_FIELDS_MAX = 10_000
/** Fields with arguments under the same name: comparing a pair of them prints the arguments of both. */
const REPEATED_MAX = 40
/** Values in the answer to an introspection query, as estimated: what GraphiQL asks for is 143,287. */
const INTROSPECTION_MAX = 160_000
/** Errors that one document is answered with. */
const ERRORS_MAX = 20

/** At most one field of an operation moves money, so that one answer is about one payment. */
const singleMoneyMutation: ValidationRule = (context) => ({
  OperationDefinition: (operation) => {
    const fields = context.getSchema().getRootType(operation.operation)?.getFields() ?? {}
    const fragments = new Set<string>()

    // Wherever its fragments stand, and however often: only the fields on top can move money.
    const count = ({ selections }: SelectionSetNode): number => {
      let moving = 0
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          if (fields[selection.name.value]?.extensions.movesMoney === true) moving += 1
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          moving += count(selection.selectionSet)
        } else if (!fragments.has(selection.name.value)) {
          fragments.add(selection.name.value)
          const fragment = context.getFragment(selection.name.value)
          if (fragment) moving += count(fragment.selectionSet)
        }
      }
      return moving
    }

    if (count(operation.selectionSet) < 2) return
    context.reportError(
      new GraphQLError('One operation can charge or pay once. Send the others on their own.', {
        nodes: operation,
      }),
    )
  },
})

/** An alias stands in the answer once for every item of a list. */
const ALIAS_CHARACTERS_MAX = 64

/** Aliases that an answer can bear: `__proto__` is a key that objects do not keep. */
const aliasLimits: ValidationRule = (context) => ({
  Field: ({ alias }) => {
    if (!alias || (alias.value.length <= ALIAS_CHARACTERS_MAX && alias.value !== '__proto__')) return
    const message = `An alias can be at most ${ALIAS_CHARACTERS_MAX} characters long, and not __proto__.`
    context.reportError(new GraphQLError(message, { nodes: alias }))
  },
})

export interface ValidationOptions {
  /** May clients ask for the schema? */
  introspection: boolean
}

/**
 * Checks documents: first their size, in time linear in the document, because the rules of validation are not; then the
 * rules.
 * @returns the errors of a document, none if it may be executed
 */
export function createValidation(schema: GraphQLSchema, { introspection }: ValidationOptions) {
  const rules = [
    ...specifiedRules,
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
    try {
      return validate(schema, document, rules, { maxErrors: ERRORS_MAX })
    } catch (error) {
      // graphql-js evaluates a condition on the field of a subscription without its variables, and throws what it misses.
      if (error instanceof GraphQLError) return [error]
      throw error
    }
  }
}

const exceeded = (what: string, max: number, found: number): GraphQLError =>
  new GraphQLError(`${what} limit of ${max} exceeded, found ${found}.`)
