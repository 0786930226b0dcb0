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
import { performanceOf } from '../resolvers/performances.ts'
import * as resolvers from '../resolvers/reservations.ts'
import { reservedSeats, seatReservation } from '../resolvers/seats.ts'
import { userOf } from '../resolvers/users.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'
import { limitListValues } from './list-values.ts'
import { connection, connectionComplexity } from './pagination.ts'
import { payment } from './payments.ts'
import { performance } from './performances.ts'
import { seat } from './seats.ts'
import { user } from './users.ts'

const reservationStatus = builder.enumType('ReservationStatus', {
  description: 'The status of a reservation.',
  values: {
    HELD: { description: 'The seats are held, until `heldUntil` at the latest.' },
    PAID: { description: 'The seats are paid for.' },
    EXPIRED: { description: 'It was not paid for in time.' },
    CANCELLED: { description: 'Its owner gave it up.' },
    REFUNDED: { description: 'It was paid for, and the points were given back.' },
  } as const,
})

export const reservation = builder.objectRef<Reservation>('Reservation')
builder.node(reservation, {
  description: 'Seats that are reserved for one user: held for about five minutes, or paid for.',
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => resolvers.reservation(null, { id }, context),
  fields: (t) => ({
    user: t.field({ type: user, description: 'Its owner.', resolve: userOf }),
    performance: t.field({ type: performance, description: 'The date.', resolve: performanceOf }),
    seats: t.field({
      type: [seat],
      description: 'The seats, each with its present status.',
      complexity: { field: 1, multiplier: 4 },
      resolve: limitListValues(reservedSeats),
    }),
    price: t.expose('price', { type: 'Points', description: 'The price of all its seats together.' }),
    status: t.expose('status', { type: reservationStatus, description: 'The present status.' }),
    heldUntil: t.expose('heldUntil', {
      type: 'DateTime',
      description: 'The hold has to be paid for before.',
    }),
    payment: t.field({
      type: payment,
      nullable: true,
      description: 'The payment; null: it is not paid for.',
      resolve: payments.paymentOf,
    }),
  }),
})

export const reservationConnection = builder.connectionObject({
  type: reservation,
  name: 'ReservationConnection',
  description: 'A page of reservations.',
})

builder.objectField(payment, 'reservation', (t) =>
  t.field({
    type: reservation,
    description: 'The reservation that was paid for.',
    resolve: payments.reservationOf,
  }),
)

builder.objectField(seat, 'reservation', (t) =>
  t.field({
    type: reservation,
    nullable: true,
    description:
      'The reservation that the seat belongs to now. Null for an available seat; operators see every reservation, buyers only their own.',
    resolve: seatReservation,
  }),
)

const holdSeatsInput = builder.inputType('HoldSeatsInput', {
  description: 'The seats to hold.',
  fields: (t) => ({
    performanceId: t
      .id({ required: true, description: 'The id of the performance.' })
      .validate(validation.idOf('Performance')),
    seatNumbers: t.intList({
      required: true,
      validate: validation.seatNumbers,
      description: 'The numbers of the seats: all of them are held, or none.',
    }),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const holdSeatsPayload = builder.objectRef<Reservation>('HoldSeatsPayload').implement({
  description: 'The seats are held.',
  fields: (t) => ({
    reservation: t.field({
      type: reservation,
      description: 'The reservation, as it is now.',
      resolve: (reservation) => reservation,
    }),
  }),
})

const cancelReservationInput = builder.inputType('CancelReservationInput', {
  description: 'The hold to give up.',
  fields: (t) => ({
    reservationId: t
      .id({ required: true, description: 'The id of the reservation.' })
      .validate(validation.idOf('Reservation')),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const cancelReservationPayload = builder.objectRef<Reservation>('CancelReservationPayload').implement({
  description: 'The hold was given up.',
  fields: (t) => ({
    reservation: t.field({
      type: reservation,
      description: 'The reservation, as it is now.',
      resolve: (reservation) => reservation,
    }),
  }),
})

builder.queryFields((t) => ({
  reservation: t.field({
    type: reservation,
    nullable: true,
    description: 'The reservation with this id; null for another user’s, except for operators.',
    args: {
      id: t.arg
        .id({ required: true, description: 'The id of the reservation.' })
        .validate(validation.idOf('Reservation')),
    },
    resolve: resolvers.reservation,
  }),
  reservations: t.connection(
    {
      type: reservation,
      description: 'The reservations of the caller, the oldest first.',
      complexity: connectionComplexity,
      args: {
        status: t.arg({
          type: [reservationStatus],
          validate: validation.statusList.nullish(),
          description: 'Only reservations with one of these statuses. Default, and with null: all of them.',
        }),
      },
      resolve: (_, args, context) =>
        connection('Reservation', args, (page) => resolvers.reservations(page, args.status, context)),
    },
    reservationConnection,
  ),
}))

builder.mutationFields((t) => ({
  holdSeats: t.field({
    type: holdSeatsPayload,
    description:
      'Holds seats for about five minutes, or for the rest of the turn: all of them or none. Needs an admitted ticket, and extends its admission to the end of the hold.',
    errors: {
      types: [SeatTaken, SeatNotFound, SeatLimitExceeded, SalesClosed, IdempotencyKeyReused],
      union: { name: 'HoldSeatsResult', description: 'The hold, or why there is none.' },
    },
    args: { input: t.arg({ type: holdSeatsInput, required: true, description: 'The seats to hold.' }) },
    resolve: resolvers.holdSeats,
  }),
  cancelReservation: t.field({
    type: cancelReservationPayload,
    description: 'Gives up a hold: its seats are available at once.',
    errors: {
      types: [HoldExpired, AlreadyPaid, ReservationNotFound, IdempotencyKeyReused],
      union: {
        name: 'CancelReservationResult',
        description: 'The cancelled hold, or why it was not cancelled.',
      },
    },
    args: {
      input: t.arg({ type: cancelReservationInput, required: true, description: 'The hold to give up.' }),
    },
    resolve: resolvers.cancelReservation,
  }),
}))
