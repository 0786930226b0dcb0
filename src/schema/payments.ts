import type { Payment } from '../domain/reservations.ts'
import {
  AlreadyPaid,
  HoldExpired,
  IdempotencyKeyReused,
  InsufficientPoints,
  ReservationNotFound,
} from '../domain/refusals.ts'
import * as resolvers from '../resolvers/payments.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'

export const payment = builder.objectRef<Payment>('Payment')
builder.node(payment, {
  description: 'Points that were paid for a reservation.',
  id: { resolve: ({ id }) => id },
  loadOne: (id, context) => resolvers.payment(null, { id }, context),
  fields: (t) => ({
    amount: t.expose('amount', { type: 'Points', description: 'How many.' }),
    paidAt: t.expose('paidAt', { type: 'DateTime', description: 'When.' }),
  }),
})

const payReservationInput = builder.inputType('PayReservationInput', {
  description: 'What to pay for.',
  fields: (t) => ({
    reservationId: t
      .id({ required: true, description: 'The hold.' })
      .validate(validation.idOf('Reservation')),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

builder.mutationFields((t) => ({
  payReservation: t.field({
    type: payment,
    description:
      'Pays for a hold from your balance, and the seats are yours. When you hold nothing else it spends your ticket, and the next in line is let in.',
    extensions: { movesMoney: true },
    errors: {
      types: [HoldExpired, AlreadyPaid, InsufficientPoints, ReservationNotFound, IdempotencyKeyReused],
      union: { name: 'PayReservationResult', description: 'The payment, or why there is none.' },
    },
    args: { input: t.arg({ type: payReservationInput, required: true, description: 'What to pay for.' }) },
    resolve: resolvers.payReservation,
  }),
}))
