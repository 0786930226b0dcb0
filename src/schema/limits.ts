/** What one operation may ask for, whichever way it comes in. Its cost is limited in builder.ts. */
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { presentable } from './errors.ts'

/** At most one field of an operation moves money, so that one answer is about one payment. */
const oneMoneyMutation: ValidationRule = (context) => ({
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
const plainAliases: ValidationRule = (context) => ({
  Field: ({ alias }) => {
    if (!alias || (alias.value.length <= ALIAS_CHARACTERS_MAX && alias.value !== '__proto__')) return
    const message = `An alias can be at most ${ALIAS_CHARACTERS_MAX} characters long, and not __proto__.`
    context.reportError(new GraphQLError(message, { nodes: alias }))
  },
})

const validation = (introspection: boolean): Plugin => ({
  onValidate: ({ addValidationRule }) => {
    addValidationRule(oneMoneyMutation)
    addValidationRule(plainAliases)
    if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule)
    return ({ valid, result, setResult }) => {
      if (!valid) setResult(result.map((error: unknown) => presentable(error, () => '')))
    }
  },
})

export interface LimitOptions {
  /** May clients ask for the schema? */
  introspection: boolean
}

export const limitPlugins = ({ introspection }: LimitOptions): Plugin[] => [
  maxTokensPlugin({ n: 1_500 }),
  // Those of __typename count like any other: they are as long.
  maxAliasesPlugin({ n: 20, allowList: [] }),
  maxDirectivesPlugin({ n: 20 }),
  validation(introspection),
]
