import type { Reservation } from '../domain/reservations.ts'
import {
  AlreadyPaid,
  HoldExpired,
  IdempotencyKeyReused,
  ReservationNotFound,
  SalesClosed,
  SeatLimitExceeded,
  SeatNotFound,
  SeatTaken,
} from '../domain/refusals.ts'
import * as payments from '../resolvers/payments.ts'
import { performanceOf } from '../resolvers/catalog.ts'
import * as resolvers from '../resolvers/reservations.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { performance, seat } from './catalog.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'
import { limitListValues } from './list-values.ts'
import { connection, connectionComplexity } from './pagination.ts'
import { payment } from './payments.ts'

const reservationStatus = builder.enumType('ReservationStatus', {
  description: 'What became of a hold.',
  values: {
    HELD: { description: 'Held, until `heldUntil` at the longest.' },
    PAID: { description: 'Paid for: the seats are its owner’s.' },
    EXPIRED: { description: 'Not paid in time.' },
    CANCELLED: { description: 'Given up by its owner.' },
    REFUNDED: { description: 'Paid, and given back.' },
  } as const,
})

export const reservation = builder.objectRef<Reservation>('Reservation')
builder.node(reservation, {
  description: 'Seats that are one person’s alone: for about five minutes, or, once paid for, for good.',
  id: { resolve: ({ id }) => id },
  loadOne: (id, context) => resolvers.reservation(null, { id }, context),
  fields: (t) => ({
    performance: t.field({ type: performance, description: 'The date.', resolve: performanceOf }),
    seats: t.field({
      type: [seat],
      description: 'The seats, each as it stands for everybody.',
      complexity: { field: 1, multiplier: 4 },
      resolve: limitListValues(resolvers.seatsOf),
    }),
    price: t.expose('price', { type: 'Points', description: 'What the seats cost together.' }),
    status: t.expose('status', { type: reservationStatus, description: 'What became of it.' }),
    heldUntil: t.expose('heldUntil', { type: 'DateTime', description: 'Pay before this moment.' }),
    payment: t.field({
      type: payment,
      nullable: true,
      description: 'The payment, once it is made.',
      resolve: payments.paymentOf,
    }),
  }),
})

builder.objectField(payment, 'reservation', (t) =>
  t.field({ type: reservation, description: 'What was paid for.', resolve: payments.reservationOf }),
)

const holdSeatsInput = builder.inputType('HoldSeatsInput', {
  description: 'Which seats to hold.',
  fields: (t) => ({
    performanceId: t
      .id({ required: true, description: 'The date.' })
      .validate(validation.idOf('Performance')),
    seatNumbers: t.intList({
      required: true,
      validate: validation.seatNumbers,
      description: 'The seats: all of them are held, or none.',
    }),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const cancelReservationInput = builder.inputType('CancelReservationInput', {
  description: 'Which hold to give up.',
  fields: (t) => ({
    reservationId: t
      .id({ required: true, description: 'The hold.' })
      .validate(validation.idOf('Reservation')),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

builder.queryFields((t) => ({
  reservation: t.field({
    type: reservation,
    nullable: true,
    description: 'One of your reservations.',
    args: {
      id: t.arg.id({ required: true, description: 'Its id.' }).validate(validation.idOf('Reservation')),
    },
    resolve: resolvers.reservation,
  }),
  reservations: t.connection({
    type: reservation,
    description: 'Your reservations, the oldest first.',
    complexity: connectionComplexity,
    args: {
      status: t.arg({
        type: [reservationStatus],
        validate: validation.statusList.nullish(),
        description: 'Only those that stand so; left out or null for all of them.',
      }),
    },
    resolve: (_, args, context) =>
      connection('Reservation', args, (page) => resolvers.reservations(page, args.status, context)),
  }),
}))

builder.mutationFields((t) => ({
  holdSeats: t.field({
    type: reservation,
    description:
      'Makes seats yours alone for about five minutes, or for what is left of your turn, all of them or none. Needs an admitted ticket, and keeps you admitted while you hold them.',
    errors: {
      types: [SeatTaken, SeatNotFound, SeatLimitExceeded, SalesClosed, IdempotencyKeyReused],
      union: { name: 'HoldSeatsResult', description: 'The hold, or why there is none.' },
    },
    args: { input: t.arg({ type: holdSeatsInput, required: true, description: 'Which seats.' }) },
    resolve: resolvers.holdSeats,
  }),
  cancelReservation: t.field({
    type: reservation,
    description: 'Gives a hold up: its seats are free at once.',
    errors: {
      types: [HoldExpired, AlreadyPaid, ReservationNotFound, IdempotencyKeyReused],
      union: { name: 'CancelReservationResult', description: 'What was cancelled, or why it was not.' },
    },
    args: { input: t.arg({ type: cancelReservationInput, required: true, description: 'Which hold.' }) },
    resolve: resolvers.cancelReservation,
  }),
}))
