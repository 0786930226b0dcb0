/** What one operation may ask for, whichever way it comes in. Its cost is limited in builder.ts. */
import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions'
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { GraphQLError, type ValidationRule } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** At most one field of an operation moves money, so that one answer is about one payment. */
const oneMoneyMutation: ValidationRule = (context) => {
  let moving = 0
  return {
    OperationDefinition: () => {
      moving = 0
    },
    Field: (node) => {
      if (context.getFieldDef()?.extensions.movesMoney !== true || ++moving !== 2) return
      context.reportError(
        new GraphQLError('One operation can charge or pay once. Send the others on their own.', {
          nodes: node,
        }),
      )
    },
  }
}

export const limitPlugins: Plugin[] = [
  maxTokensPlugin({ n: 1_500 }),
  maxAliasesPlugin({ n: 20 }),
  maxDirectivesPlugin({ n: 20 }),
  blockFieldSuggestionsPlugin(),
  {
    onValidate: ({ addValidationRule }) => {
      addValidationRule(oneMoneyMutation)
    },
  },
]
