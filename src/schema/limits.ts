/** What one operation may ask for, whichever way it comes in. Its cost is limited in builder.ts. */
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import { complexityFromQuery } from '@pothos/plugin-complexity'
import {
  getOperationAST,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type DocumentNode,
  type ExecutionArgs,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { limits, tooMuch } from './builder.ts'
import { presentable } from './errors.ts'
import { streamLimit } from './streams.ts'

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

const validation = (introspection: boolean): Plugin => ({
  onValidate: ({ addValidationRule }) => {
    addValidationRule(oneMoneyMutation)
    if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule)
    return ({ valid, result, setResult }) => {
      if (!valid) setResult(result.map((error: unknown) => presentable(error, () => undefined)))
    }
  },
})

/** Queries and mutations are weighed by Pothos before they are resolved, a subscription here before it starts. */
const subscriptionCost: Plugin = {
  onSubscribe: ({ args, setResultAndStopExecution }) => {
    try {
      if (isTooMuch(args)) throw tooMuch()
    } catch (error) {
      setResultAndStopExecution({ errors: [presentable(error, () => undefined)] })
    }
  },
}

function isTooMuch({ document, operationName, schema, variableValues }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName)
  if (!operation) return false
  // The first operation of a document is the one that is weighed.
  const weighed: DocumentNode = { ...document, definitions: [operation, ...document.definitions] }
  const variables = variableValues ?? {}
  const { complexity, depth, breadth } = complexityFromQuery(weighed, { schema, variables })
  return complexity > limits.complexity || depth > limits.depth || breadth > limits.breadth
}

export interface LimitOptions {
  /** May clients ask for the schema? */
  introspection: boolean
  streamsPerUserMax: number
}

export const limitPlugins = ({ introspection, streamsPerUserMax }: LimitOptions): Plugin[] => [
  maxTokensPlugin({ n: 1_500 }),
  maxAliasesPlugin({ n: 20 }),
  maxDirectivesPlugin({ n: 20 }),
  validation(introspection),
  subscriptionCost,
  streamLimit(streamsPerUserMax),
]
