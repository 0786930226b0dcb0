import type { QueueSettings } from '../domain/queue.ts'
import * as concerts from '../resolvers/concerts.ts'
import type { ConcertRef } from '../resolvers/concerts.ts'
import * as resolvers from '../resolvers/queue.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'

const descriptions = {
  capacity: 'How many users can be admitted at the same time.',
  ratePerSecond: 'Admissions per second at the most; null: only the capacity limits them.',
  paused: 'While this is true nobody is admitted.',
}

export const queue = builder.objectRef<ConcertRef>('Queue')
builder.node(queue, {
  description: 'The queue of a concert: its length, and how users are admitted.',
  id: { resolve: ({ id }) => id },
  loadWithoutCache: async (id, context) => {
    const found = await concerts.concert(null, { id }, context)
    // The plugin marks the object with the type of the node, and the concert is a node itself.
    return found && { ...found }
  },
  fields: (t) => ({
    waitingCount: t.int({ description: 'How many users wait.', resolve: resolvers.waitingCount }),
    admittedCount: t.int({
      description: 'How many users are admitted now.',
      resolve: resolvers.admittedCount,
    }),
    capacity: t.int({
      description: descriptions.capacity,
      resolve: async (concert, _, context) => (await concerts.queueSettings(concert, context)).capacity,
    }),
    ratePerSecond: t.float({
      nullable: true,
      description: descriptions.ratePerSecond,
      resolve: async (concert, _, context) => (await concerts.queueSettings(concert, context)).ratePerSecond,
    }),
    paused: t.boolean({
      description: descriptions.paused,
      resolve: async (concert, _, context) => (await concerts.queueSettings(concert, context)).paused,
    }),
  }),
})

export const queueSettings = builder.objectRef<QueueSettings>('QueueSettings').implement({
  description: 'How users are admitted, as an operator has set it.',
  fields: (t) => ({
    capacity: t.exposeInt('capacity', { description: descriptions.capacity }),
    ratePerSecond: t.exposeFloat('ratePerSecond', {
      nullable: true,
      description: descriptions.ratePerSecond,
    }),
    paused: t.exposeBoolean('paused', { description: descriptions.paused }),
  }),
})

const updateQueueInput = builder.inputType('UpdateQueueInput', {
  description: 'Changes of a queue. What is left out stays as it is.',
  fields: (t) => ({
    concertId: t
      .id({ required: true, description: 'The id of the concert.' })
      .validate(validation.idOf('Concert')),
    capacity: t.int({
      validate: validation.queueCapacity.nullish(),
      description: 'How many users can be admitted at the same time. Lowering it ends no admission.',
    }),
    ratePerSecond: t.float({
      validate: validation.queueRate.nullish(),
      description: 'Admissions per second at the most; null: no limit.',
    }),
    paused: t.boolean({ description: 'True stops admission, false resumes it.' }),
  }),
})

const updateQueuePayload = builder.objectRef<ConcertRef>('UpdateQueuePayload').implement({
  description: 'The queue was changed.',
  fields: (t) => ({
    queue: t.field({
      type: queue,
      description: 'The queue after the change.',
      resolve: (concert) => concert,
    }),
  }),
})

builder.mutationField('updateQueue', (t) =>
  t.field({
    type: updateQueuePayload,
    description: 'Operators: changes how users are admitted, at once and on every server.',
    args: { input: t.arg({ type: updateQueueInput, required: true, description: 'The changes.' }) },
    resolve: resolvers.updateQueue,
  }),
)
