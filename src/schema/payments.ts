import type { Payment } from '../domain/reservations.ts'
import {
  AlreadyPaid,
  HoldExpired,
  IdempotencyKeyReused,
  InsufficientPoints,
  ReservationNotFound,
} from '../domain/refusals.ts'
import * as resolvers from '../resolvers/payments.ts'
import { accountOf } from '../resolvers/points.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'
import { pointAccount } from './points.ts'

export const payment = builder.objectRef<Payment>('Payment')
builder.node(payment, {
  description: 'The payment for a reservation.',
  id: { resolve: ({ id }) => id },
  loadWithoutCache: (id, context) => resolvers.payment(null, { id }, context),
  fields: (t) => ({
    amount: t.expose('amount', { type: 'Points', description: 'The points that were paid.' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
})

const payReservationInput = builder.inputType('PayReservationInput', {
  description: 'The reservation to pay for.',
  fields: (t) => ({
    reservationId: t
      .id({ required: true, description: 'The id of the reservation.' })
      .validate(validation.idOf('Reservation')),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const payReservationPayload = builder.objectRef<Payment>('PayReservationPayload').implement({
  description: 'The reservation is paid for.',
  fields: (t) => ({
    payment: t.field({ type: payment, description: 'The payment.', resolve: (payment) => payment }),
    account: t.field({
      type: pointAccount,
      description: 'The account of the buyer after the payment.',
      resolve: ({ userId }, _, context) => accountOf(userId, context),
    }),
  }),
})

builder.mutationField('payReservation', (t) =>
  t.field({
    type: payReservationPayload,
    description:
      'Pays for a hold from the balance of the caller: the seats are sold. If the caller holds no other seats, the payment spends the queue ticket, and the next user is admitted.',
    extensions: { movesMoney: true },
    errors: {
      types: [HoldExpired, AlreadyPaid, InsufficientPoints, ReservationNotFound, IdempotencyKeyReused],
      union: { name: 'PayReservationResult', description: 'The payment, or why there is none.' },
    },
    args: {
      input: t.arg({ type: payReservationInput, required: true, description: 'The reservation to pay for.' }),
    },
    resolve: resolvers.payReservation,
  }),
)
