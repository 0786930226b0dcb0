/** The Pothos builder: its plugins, and what the parts of the schema have in common. */
import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import RelayPlugin from '@pothos/plugin-relay'
import ValidationPlugin from '@pothos/plugin-validation'
import type { Context } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'
import { globalId, parseGlobalId, type NodeName } from './ids.ts'

/** The highest cost of an operation: a field costs 1, the fields of a list once for each item. */
export const limits = { complexity: 5_000, depth: 12, breadth: 200 }
/** The assumed length of a list whose field does not declare one. */
export const LIST_ITEMS = 10

export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    Points: { Input: number; Output: number }
    ID: { Input: string; Output: string }
  }
}>({
  plugins: [ErrorsPlugin, ComplexityPlugin, RelayPlugin, ValidationPlugin],
  defaultFieldNullability: false,
  complexity: {
    // graphql/complexity.ts checks the whole operation before anything runs; the plugin would check each root field.
    disabled: true,
    defaultListMultiplier: LIST_ITEMS,
  },
  errors: { directResult: true },
  relay: {
    encodeGlobalID: (typename, id) => globalId(typename as NodeName, String(id)),
    decodeGlobalID: (text) => {
      const parsed = text.length <= 200 ? parseGlobalId(text) : null
      if (!parsed) throw new Problem('BAD_INPUT', 'id: must be an id that this API returned')
      return parsed
    },
    nodesQueryOptions: false,
    nodeTypeOptions: { description: 'An object with a global id.' },
    nodeQueryOptions: {
      description: 'The object with this id. Null: it does not exist, or belongs to another user.',
      args: {
        id: {
          description: 'A global id that this API returned.',
        },
      },
    },
    pageInfoTypeOptions: { description: 'The position of a page in its list.' },
    pageInfoFieldOptions: { description: 'The position of this page in the list.' },
    hasNextPageFieldOptions: { description: 'Whether there are items after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are items before this page.' },
    startCursorFieldOptions: {
      description: 'The cursor of the first item: `before: startCursor` gives the previous page.',
    },
    endCursorFieldOptions: {
      description: 'The cursor of the last item: `after: endCursor` gives the next page.',
    },
    firstArgOptions: { description: 'The number of items from the start, up to 100. Default: 20.' },
    lastArgOptions: { description: 'The number of items from the end, up to 100.' },
    afterArgOptions: { description: 'Only items after this cursor.' },
    beforeArgOptions: { description: 'Only items before this cursor.' },
    edgesFieldOptions: { description: 'The items of this page, each with its cursor.' },
    cursorFieldOptions: { description: 'The position of the item in the list.' },
    nodeFieldOptions: { description: 'The item.' },
    defaultConnectionTypeOptions: { description: 'A page of a list.' },
    defaultEdgeTypeOptions: { description: 'An item of a page.' },
    idFieldOptions: { description: 'The global id. It is opaque, and never changes.' },
  },
  validation: {
    validationError: ({ issues }) => {
      const lines = issues.map(({ path, message }) => {
        const names = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
        return [names.filter((name) => name !== 'input').join('.'), message].filter(Boolean).join(': ')
      })
      return new Problem('BAD_INPUT', lines.slice(0, 10).join('; '))
    },
  },
})

builder.queryType({ description: 'The operations that read.' })
builder.mutationType({
  description:
    'The operations that change something. Each one that moves points or seats takes an idempotency key made by the client: sent again with the same key, it returns the same answer and changes nothing.',
})
builder.subscriptionType({
  description:
    'The operations that push, over WebSocket (graphql-ws) or server-sent events: the present state first, then each change. A slow client gets the newest state, and not each one in between.',
})
