import type { Seat } from '../domain/catalog.ts'
import { resolveEvent } from '../resolvers/invalidate.ts'
import * as resolvers from '../resolvers/seats.ts'
import type { SeatChangesEvent } from '../resolvers/seats.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { numberedKey, parseNumberedKey } from './ids.ts'
import { countListValues, limitListValues } from './list-values.ts'
import { performance } from './performances.ts'

const seatStatus = builder.enumType('SeatStatus', {
  description: 'The status of a seat.',
  values: {
    AVAILABLE: { description: 'It can be held.' },
    HELD: { description: 'A buyer holds it and has not paid yet.' },
    SOLD: { description: 'It is paid for.' },
  } as const,
})

export const seat = builder.objectRef<Seat>('Seat')
builder.node(seat, {
  description: 'A seat on one date.',
  id: { resolve: ({ performanceId, number }) => numberedKey(performanceId, number) },
  loadWithoutCache: (key, context) => {
    const { id, number } = parseNumberedKey(key)
    return resolvers.seat({ performanceId: id, number }, context)
  },
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 to the `seatCount` of the performance.' }),
    price: t.expose('price', { type: 'Points', description: 'The price.' }),
    status: t.expose('status', { type: seatStatus, description: 'The present status.' }),
  }),
})

builder.objectField(performance, 'seats', (t) =>
  t.field({
    type: [seat],
    nullable: true,
    description:
      'The seats, in order of their numbers. Needs an admitted ticket for the concert, except for operators: null with an error without one.',
    complexity: { field: 1, multiplier: 50 },
    args: {
      status: t.arg({
        type: seatStatus,
        defaultValue: 'AVAILABLE',
        description: 'Only seats with this status; null: every seat.',
      }),
    },
    resolve: limitListValues(resolvers.seats),
  }),
)

const seatChanges = builder.objectRef<SeatChangesEvent>('SeatChanges').implement({
  description: 'Seats of a date that have changed.',
  fields: (t) => ({
    performance: t.field({
      type: performance,
      description: 'The date. Its `availableSeatCount` is that of this message.',
      resolve: ({ performance }) => performance,
    }),
    snapshot: t.exposeBoolean('snapshot', {
      description:
        'True for the first message, which has every seat; later ones have only the seats that changed.',
    }),
    seats: t.field({
      type: [seat],
      description: 'The seats with their present status.',
      // There may be 10,000 each time that a client connects: at most six fields of each.
      complexity: { field: 1, multiplier: 800 },
      // Synchronous, unlike limitListValues: most messages have a few seats, and go to thousands of clients.
      resolve: ({ seats }, _, context, info) => {
        countListValues(seats.length, context, info)
        return seats
      },
    }),
  }),
})

builder.subscriptionField('seatChanges', (t) =>
  t.field({
    type: seatChanges,
    description:
      'The seats of a date: all of them first, then those that have changed. Needs an admitted ticket for the concert, and ends with its admission, after the changes up to then; operators need none.',
    args: {
      performanceId: t.arg
        .id({ required: true, description: 'The id of the performance.' })
        .validate(validation.idOf('Performance')),
      token: t.arg.string({
        validate: validation.ticketToken.nullish(),
        description:
          'The token of your own queue ticket, for clients that cannot set headers. Default: the one sent as `X-Queue-Token`.',
      }),
    },
    subscribe: resolvers.seatChanges,
    resolve: resolveEvent,
  }),
)
