import type { Concert, Performance, Seat, SeatChanges } from '../domain/catalog.ts'
import { IdempotencyKeyReused, InvalidConcert } from '../domain/refusals.ts'
import * as resolvers from '../resolvers/catalog.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'
import { limitListValues } from './list-values.ts'
import { connection, connectionComplexity } from './pagination.ts'
import { queue } from './queue.ts'

const seatStatus = builder.enumType('SeatStatus', {
  description: 'Whether a seat can be had.',
  values: {
    AVAILABLE: { description: 'Free.' },
    HELD: { description: 'Somebody holds it and has not paid yet.' },
    SOLD: { description: 'Paid for.' },
  } as const,
})

export const seat = builder.objectRef<Seat>('Seat').implement({
  description: 'A seat on one date.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 to the date’s `seatCount`.' }),
    price: t.expose('price', { type: 'Points', description: 'What it costs.' }),
    status: t.expose('status', { type: seatStatus, description: 'Whether it can be had.' }),
  }),
})

export const concert = builder.objectRef<Concert>('Concert')
builder.node(concert, {
  description: 'What is sold. All its dates share one line.',
  id: { resolve: ({ id }) => id },
  loadOne: (id, context) => resolvers.concert(null, { id }, context),
  fields: (t) => ({
    title: t.exposeString('title', { description: 'What is on.' }),
    queue: t.field({ type: queue, description: 'Its line.', resolve: (concert) => concert }),
  }),
})

export const performance = builder.objectRef<Performance>('Performance')
builder.node(performance, {
  description: 'One date of a concert.',
  id: { resolve: ({ id }) => id },
  loadOne: (id, context) => resolvers.performance(null, { id }, context),
  fields: (t) => ({
    concert: t.field({ type: concert, description: 'What is on.', resolve: resolvers.concertOf }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'When it starts.' }),
    seatCount: t.exposeInt('seatCount', { description: 'How many seats it has, numbered from 1.' }),
    availableSeatCount: t.int({
      description:
        'How many of them are free. Public: exact with an admitted ticket, otherwise about a second old at the most.',
      resolve: resolvers.availableSeatCount,
    }),
    seats: t.field({
      type: [seat],
      nullable: true,
      description:
        'Its seats, in order. Needs an admitted ticket: null with an error without one, or when it has ended.',
      complexity: { field: 1, multiplier: 50 },
      args: {
        status: t.arg({
          type: seatStatus,
          defaultValue: 'AVAILABLE',
          description: 'Only seats that stand so; null for every seat.',
        }),
      },
      resolve: limitListValues(resolvers.seats),
    }),
  }),
})

const seatChanges = builder.objectRef<SeatChanges>('SeatChanges').implement({
  description: 'News of the seats of a date.',
  fields: (t) => ({
    performanceId: t.id({
      description: 'The date.',
      resolve: ({ performanceId }) => globalId('Performance', performanceId),
    }),
    snapshot: t.exposeBoolean('snapshot', {
      description: 'True for the first message, which has every seat; then only the seats that changed.',
    }),
    seats: t.expose('seats', {
      type: [seat],
      description: 'The seats, as they stand now.',
      // There may be 10,000, each time that a client connects: four fields of each take about 30 ms.
      complexity: { field: 1, multiplier: 1_000 },
    }),
  }),
})

const createPerformanceInput = builder.inputType('CreatePerformanceInput', {
  description: 'A date to add.',
  fields: (t) => ({
    startsAt: t.field({ type: 'DateTime', required: true, description: 'When it starts; in the future.' }),
    seatCount: t.int({
      defaultValue: 50,
      validate: validation.seatCount.nullish(),
      description: 'How many seats it has.',
    }),
    seatPrice: t.field({
      type: 'Points',
      required: true,
      validate: validation.seatPrice,
      description: 'What a seat costs.',
    }),
  }),
})

const createConcertInput = builder.inputType('CreateConcertInput', {
  description: 'A concert to add, with its dates.',
  fields: (t) => ({
    title: t.string({ required: true, description: 'What is on.' }).validate(validation.concertTitle),
    performances: t.field({
      type: [createPerformanceInput],
      required: true,
      validate: validation.performanceList,
      description: 'Its dates, 1 to 100.',
    }),
    queueCapacity: t.int({
      validate: validation.queueCapacity.nullish(),
      description: 'How many may be in at the same time; the server’s default if left out.',
    }),
    queueRatePerSecond: t.float({
      validate: validation.queueRate.nullish(),
      description: 'How many are let in per second at the most.',
    }),
    idempotencyKey: t.string({
      validate: validation.idempotencyKey.nullish(),
      description: idempotencyKeyDescription,
    }),
  }),
})

builder.queryFields((t) => ({
  concerts: t.connection({
    type: concert,
    description: 'All concerts, the oldest first.',
    complexity: connectionComplexity,
    resolve: (_, args, context) => connection('Concert', args, (page) => resolvers.concerts(page, context)),
  }),
  concert: t.field({
    type: concert,
    nullable: true,
    description: 'One concert.',
    args: { id: t.arg.id({ required: true, description: 'Its id.' }).validate(validation.idOf('Concert')) },
    resolve: resolvers.concert,
  }),
  performances: t.field({
    type: [performance],
    nullable: true,
    description: 'The dates of a concert. Needs an admitted ticket for it: null with an error without one.',
    complexity: { field: 1, multiplier: 10 },
    args: {
      concertId: t.arg
        .id({ required: true, description: 'The concert.' })
        .validate(validation.idOf('Concert')),
      bookableOnly: t.arg.boolean({
        defaultValue: true,
        description: 'Only dates in the future with a free seat; false for all of them.',
      }),
    },
    resolve: limitListValues(resolvers.performances),
  }),
  performance: t.field({
    type: performance,
    nullable: true,
    description: 'One date. Needs an admitted ticket for its concert.',
    args: {
      id: t.arg.id({ required: true, description: 'Its id.' }).validate(validation.idOf('Performance')),
    },
    resolve: resolvers.performance,
  }),
}))

builder.mutationFields((t) => ({
  createConcert: t.field({
    type: concert,
    description: 'Operators: adds a concert with its dates.',
    errors: {
      types: [InvalidConcert, IdempotencyKeyReused],
      union: { name: 'CreateConcertResult', description: 'The concert, or why it was not added.' },
    },
    args: { input: t.arg({ type: createConcertInput, required: true, description: 'The concert.' }) },
    resolve: resolvers.createConcert,
  }),
}))

builder.subscriptionFields((t) => ({
  seatChanges: t.field({
    type: seatChanges,
    description:
      'The seats of a date: all of them first, then those that changed. Needs an admitted ticket, and ends with it.',
    args: {
      performanceId: t.arg
        .id({ required: true, description: 'The date.' })
        .validate(validation.idOf('Performance')),
      token: t.arg.string({
        validate: validation.ticketToken.nullish(),
        description:
          'The token of your own queue ticket, for clients that cannot set headers; the one in `X-Queue-Token` if left out.',
      }),
    },
    subscribe: resolvers.seatChanges,
    resolve: (changes) => changes,
  }),
}))
