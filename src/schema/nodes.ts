import { resolveNodes } from '@pothos/plugin-relay'
import { builder } from './builder.ts'
import * as validation from './validation.ts'

builder.queryField('nodes', (t) =>
  t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    description:
      'The objects with these ids, in this order. Null stands for one that does not exist or belongs to another user, and, with an error, for one that the caller may not see.',
    complexity: ({ ids }) => ({ field: 1, multiplier: ids.length }),
    args: {
      ids: t.arg.globalIDList({
        required: true,
        validate: validation.nodeIds,
        extensions: { relayGlobalIDAlwaysParse: true },
        description: 'The ids, up to 100.',
      }),
    },
    // One at a time: an error nulls the item, and not the list. The loaders batch what they read.
    resolve: (_, { ids }, context, info) =>
      ids.map(async (id) => (await resolveNodes(builder, context, info, [id]))[0]),
  }),
)
