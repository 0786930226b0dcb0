/** The refusals of domain/refusals.ts as types of the schema. */
import * as refusals from '../domain/refusals.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'

const refusal = builder.interfaceRef<refusals.Refusal>('Refusal').implement({
  description: 'Why a mutation was refused. The caller can act on it. Nothing was changed.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for the user.' }),
  }),
})

const interfaces = [refusal]

builder.objectType(refusals.SalesClosed, {
  name: 'SalesClosed',
  description: 'Sales have ended: the date, or the last date of the concert, has passed.',
  interfaces,
})

builder.objectType(refusals.SeatTaken, {
  name: 'SeatTaken',
  description: 'At least one of the seats is held or sold. None of them was held for the caller.',
  interfaces,
  fields: (t) => ({
    seatNumbers: t.exposeIntList('seatNumbers', { description: 'The numbers of the held and sold seats.' }),
  }),
})

builder.objectType(refusals.SeatNotFound, {
  name: 'SeatNotFound',
  description: 'At least one of the numbers is not a seat of this date.',
  interfaces,
  fields: (t) => ({
    seatNumbers: t.exposeIntList('seatNumbers', { description: 'The numbers without a seat.' }),
  }),
})

builder.objectType(refusals.SeatLimitExceeded, {
  name: 'SeatLimitExceeded',
  description: 'A user cannot have so many seats for this concert.',
  interfaces,
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'Seats per user and concert, held and paid for together.' }),
  }),
})

builder.objectType(refusals.HoldExpired, {
  name: 'HoldExpired',
  description: 'The seats are no longer held: the time has run out, or the hold was cancelled.',
  interfaces,
  fields: (t) => ({
    heldUntil: t.expose('heldUntil', {
      type: 'DateTime',
      description: 'The end of the hold; a cancelled one ended earlier.',
    }),
  }),
})

builder.objectType(refusals.AlreadyPaid, {
  name: 'AlreadyPaid',
  description: 'The reservation is already paid for.',
  interfaces,
  fields: (t) => ({
    paymentId: t.id({
      description: 'The id of the payment.',
      resolve: ({ paymentId }) => globalId('Payment', paymentId),
    }),
  }),
})

builder.objectType(refusals.InsufficientPoints, {
  name: 'InsufficientPoints',
  description: 'The balance is below the price. Charge points, then pay with a new idempotency key.',
  interfaces,
  fields: (t) => ({
    balance: t.expose('balance', { type: 'Points', description: 'The balance at the time of the call.' }),
    price: t.expose('price', { type: 'Points', description: 'The price of the reservation.' }),
  }),
})

builder.objectType(refusals.ReservationNotFound, {
  name: 'ReservationNotFound',
  description: 'The caller has no such reservation.',
  interfaces,
})

builder.objectType(refusals.BalanceLimitExceeded, {
  name: 'BalanceLimitExceeded',
  description: 'The balance would exceed the highest balance.',
  interfaces,
  fields: (t) => ({
    limit: t.expose('limit', { type: 'Points', description: 'The highest balance.' }),
  }),
})

builder.objectType(refusals.IdempotencyKeyReused, {
  name: 'IdempotencyKeyReused',
  description: 'The key was used with other arguments before. A new intent takes a new key.',
  interfaces,
})

builder.objectType(refusals.InvalidConcert, {
  name: 'InvalidConcert',
  description: 'The concert cannot be added with these values; the message says why.',
  interfaces,
})
