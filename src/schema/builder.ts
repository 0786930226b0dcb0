/** The Pothos builder: plugins, and what every part of the schema has in common. */
import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import RelayPlugin from '@pothos/plugin-relay'
import ValidationPlugin from '@pothos/plugin-validation'
import type { Context } from '../resolvers/context.ts'
import { Problem } from '../domain/problem.ts'
import { globalId, parseGlobalId, type NodeName } from './ids.ts'

/** What an operation may cost at the most: a field is 1, what is in a list counts once for every item. */
export const limits = { complexity: 5_000, depth: 12, breadth: 200 }
/** How many items a list is taken to have, where its field does not say. */
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
    // complexity.ts asks before anything runs, and not each field on top of an operation.
    disabled: true,
    defaultListMultiplier: LIST_ITEMS,
  },
  errors: { directResult: true },
  relay: {
    encodeGlobalID: (typename, id) => globalId(typename as NodeName, String(id)),
    decodeGlobalID: (text) => {
      const parsed = text.length <= 200 ? parseGlobalId(text) : null
      if (!parsed) throw new Problem('BAD_INPUT', 'id: must be an id that this API gave out')
      return parsed
    },
    nodesQueryOptions: false,
    nodeTypeOptions: { description: 'Anything that has an id of its own.' },
    nodeQueryOptions: {
      description:
        'Whatever has this id, if you may see it. Somebody else’s object answers like one that does not exist.',
      args: {
        id: {
          description: 'The id of a concert, performance, reservation, payment or user.',
        },
      },
    },
    pageInfoTypeOptions: { description: 'Where a page of a list begins and ends.' },
    pageInfoFieldOptions: { description: 'Where this page begins and ends.' },
    hasNextPageFieldOptions: { description: 'Is there more after this page?' },
    hasPreviousPageFieldOptions: { description: 'Is there more before this page?' },
    startCursorFieldOptions: {
      description: 'The cursor of the first item: `before: startCursor` gives the page before.',
    },
    endCursorFieldOptions: {
      description: 'The cursor of the last item: `after: endCursor` gives the next page.',
    },
    firstArgOptions: { description: 'How many items from the start, 100 at the most.' },
    lastArgOptions: { description: 'How many items from the end, 100 at the most.' },
    afterArgOptions: { description: 'Only items after this cursor.' },
    beforeArgOptions: { description: 'Only items before this cursor.' },
    edgesFieldOptions: { description: 'The items of this page, each with its cursor.' },
    cursorFieldOptions: { description: 'Where this item stands in the list.' },
    nodeFieldOptions: { description: 'The item itself.' },
    defaultConnectionTypeOptions: { description: 'A page of a list.' },
    defaultEdgeTypeOptions: { description: 'An item of a list.' },
    idFieldOptions: { description: 'Opaque, and the same for as long as the object exists.' },
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

builder.queryType({ description: 'What can be read.' })
builder.mutationType({
  description:
    'What can be done. Every mutation that moves money or seats takes an idempotency key that you make: sent again with the same key it gives the same answer, and nothing happens twice.',
})
builder.subscriptionType({
  description:
    'What is pushed, over WebSocket (graphql-ws) or server-sent events: the present state first, then every change.',
})
