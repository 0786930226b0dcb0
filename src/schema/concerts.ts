import { IdempotencyKeyReused, InvalidConcert } from '../domain/refusals.ts'
import * as resolvers from '../resolvers/concerts.ts'
import type { ConcertRef } from '../resolvers/concerts.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'
import { connection, connectionComplexity } from './pagination.ts'
import { queue } from './queue.ts'

export const concert = builder.objectRef<ConcertRef>('Concert')
builder.node(concert, {
  description: 'A concert on sale. Its dates share one queue.',
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => resolvers.concert(null, { id }, context),
  fields: (t) => ({
    title: t.string({ description: 'The title.', resolve: resolvers.title }),
    queue: t.field({
      type: queue,
      description: 'The queue for all its dates.',
      resolve: (concert) => concert,
    }),
  }),
})

const concertConnection = builder.connectionObject({
  type: concert,
  name: 'ConcertConnection',
  description: 'A page of concerts.',
})

builder.queryFields((t) => ({
  concerts: t.connection(
    {
      type: concert,
      description: 'All concerts, the oldest first. Public.',
      complexity: connectionComplexity,
      resolve: (_, args, context) => connection('Concert', args, (page) => resolvers.concerts(page, context)),
    },
    concertConnection,
  ),
  concert: t.field({
    type: concert,
    nullable: true,
    description: 'The concert with this id. Public.',
    args: {
      id: t.arg
        .id({ required: true, description: 'The id of the concert.' })
        .validate(validation.idOf('Concert')),
    },
    resolve: resolvers.concert,
  }),
}))

const createPerformanceInput = builder.inputType('CreatePerformanceInput', {
  description: 'A date of a new concert.',
  fields: (t) => ({
    startsAt: t.field({ type: 'DateTime', required: true, description: 'When it starts; in the future.' }),
    seatCount: t.int({
      defaultValue: 50,
      validate: validation.seatCount.nullish(),
      description: 'The number of seats, 1 to 10,000.',
    }),
    seatPrice: t.field({
      type: 'Points',
      required: true,
      validate: validation.seatPrice,
      description: 'The price of each seat.',
    }),
  }),
})

const createConcertInput = builder.inputType('CreateConcertInput', {
  description: 'A new concert with its dates.',
  fields: (t) => ({
    title: t.string({ required: true, description: 'The title.' }).validate(validation.concertTitle),
    performances: t.field({
      type: [createPerformanceInput],
      required: true,
      validate: validation.performanceList,
      description: 'The dates, 1 to 100.',
    }),
    queueCapacity: t.int({
      validate: validation.queueCapacity.nullish(),
      description: 'How many users can be admitted at the same time. Default: a setting of the server.',
    }),
    queueRatePerSecond: t.float({
      validate: validation.queueRate.nullish(),
      description: 'Admissions per second at the most; null: no limit. Default: a setting of the server.',
    }),
    idempotencyKey: t.string({
      validate: validation.idempotencyKey.nullish(),
      description: idempotencyKeyDescription,
    }),
  }),
})

const createConcertPayload = builder.objectRef<ConcertRef>('CreateConcertPayload').implement({
  description: 'The concert was added.',
  fields: (t) => ({
    concert: t.field({ type: concert, description: 'The new concert.', resolve: (concert) => concert }),
  }),
})

builder.mutationFields((t) => ({
  createConcert: t.field({
    type: createConcertPayload,
    description: 'Operators: adds a concert with its dates.',
    errors: {
      types: [InvalidConcert, IdempotencyKeyReused],
      union: { name: 'CreateConcertResult', description: 'The new concert, or why it was not added.' },
    },
    args: { input: t.arg({ type: createConcertInput, required: true, description: 'The concert to add.' }) },
    resolve: resolvers.createConcert,
  }),
}))
