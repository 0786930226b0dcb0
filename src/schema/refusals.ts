/** The refusals of domain/refusals.ts as types, so that a client can tell them apart and act. */
import * as refusals from '../domain/refusals.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'

const refusal = builder.interfaceRef<refusals.Refusal>('Refusal').implement({
  description: 'Why something was not done, in a way that the caller can act on. Nothing has changed.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for the person who asked.' }),
  }),
})

const interfaces = [refusal]

builder.objectType(refusals.SalesClosed, {
  name: 'SalesClosed',
  description: 'It is no longer on sale: the date, or the last date of the concert, has passed.',
  interfaces,
})

builder.objectType(refusals.SeatTaken, {
  name: 'SeatTaken',
  description: 'Somebody has at least one of the seats. None of them is held.',
  interfaces,
  fields: (t) => ({
    seatNumbers: t.exposeIntList('seatNumbers', { description: 'The seats that are taken.' }),
  }),
})

builder.objectType(refusals.SeatNotFound, {
  name: 'SeatNotFound',
  description: 'There are no such seats on this date.',
  interfaces,
  fields: (t) => ({
    seatNumbers: t.exposeIntList('seatNumbers', { description: 'The numbers that are no seats.' }),
  }),
})

builder.objectType(refusals.SeatLimitExceeded, {
  name: 'SeatLimitExceeded',
  description: 'One person cannot have so many seats for this concert.',
  interfaces,
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'Seats per person and concert, held and paid together.' }),
  }),
})

builder.objectType(refusals.HoldExpired, {
  name: 'HoldExpired',
  description: 'The seats are not held for you any more: the time ran out, or you cancelled.',
  interfaces,
  fields: (t) => ({
    heldUntil: t.expose('heldUntil', {
      type: 'DateTime',
      description: 'Until when they were held at the longest.',
    }),
  }),
})

builder.objectType(refusals.AlreadyPaid, {
  name: 'AlreadyPaid',
  description: 'The reservation is paid for already.',
  interfaces,
  fields: (t) => ({
    paymentId: t.id({
      description: 'The id of the payment that was made.',
      resolve: ({ paymentId }) => globalId('Payment', paymentId),
    }),
  }),
})

builder.objectType(refusals.InsufficientPoints, {
  name: 'InsufficientPoints',
  description: 'The balance does not cover the price. Charge points, then pay with a new key.',
  interfaces,
  fields: (t) => ({
    balance: t.expose('balance', { type: 'Points', description: 'The balance at that moment.' }),
    price: t.expose('price', { type: 'Points', description: 'What the reservation costs.' }),
  }),
})

builder.objectType(refusals.ReservationNotFound, {
  name: 'ReservationNotFound',
  description: 'You have no such reservation.',
  interfaces,
})

builder.objectType(refusals.BalanceLimitExceeded, {
  name: 'BalanceLimitExceeded',
  description: 'The balance would grow beyond what it can hold.',
  interfaces,
  fields: (t) => ({
    limit: t.expose('limit', { type: 'Points', description: 'The most that a balance can hold.' }),
  }),
})

builder.objectType(refusals.IdempotencyKeyReused, {
  name: 'IdempotencyKeyReused',
  description: 'The key was used for something else before. A new intent takes a new key.',
  interfaces,
})

builder.objectType(refusals.InvalidConcert, {
  name: 'InvalidConcert',
  description: 'The concert cannot be added as described; the message says why.',
  interfaces,
})
