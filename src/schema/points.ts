import type { PointAccount } from '../domain/points.ts'
import { BalanceLimitExceeded, IdempotencyKeyReused } from '../domain/refusals.ts'
import * as resolvers from '../resolvers/points.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'

export const pointAccount = builder.objectRef<PointAccount>('PointAccount').implement({
  description: 'The points that somebody can pay with.',
  fields: (t) => ({
    userId: t.id({ description: 'Whose they are.', resolve: ({ userId }) => globalId('User', userId) }),
    balance: t.expose('balance', { type: 'Points', description: 'How many there are.' }),
  }),
})

const chargePointsInput = builder.inputType('ChargePointsInput', {
  description: 'How many points to add.',
  fields: (t) => ({
    userId: t
      .id({
        description:
          'You, if left out. Only operators may name somebody else, and a cashier has to: see `chargesBy`.',
      })
      .validate(validation.idOf('User').nullish()),
    amount: t.field({
      type: 'Points',
      required: true,
      validate: validation.chargeAmount,
      description: 'How many to add, 1 at the least.',
    }),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const chargesBy = builder.enumType('ChargesBy', {
  description: 'Who may add points to a balance.',
  values: {
    BUYERS: { description: 'Buyers, to their own account.' },
    CASHIERS: { description: 'Only cashiers: access tokens of the venue’s payment system.' },
  } as const,
})

builder.queryFields((t) => ({
  chargesBy: t.field({
    type: chargesBy,
    description: 'Who may call `chargePoints` on this server. Public.',
    resolve: resolvers.chargesBy,
  }),
  points: t.field({
    type: pointAccount,
    description: 'Your balance.',
    args: {
      userId: t.arg
        .id({ description: 'You, if left out. Only operators may name somebody else.' })
        .validate(validation.idOf('User').nullish()),
    },
    resolve: resolvers.points,
  }),
}))

builder.mutationFields((t) => ({
  chargePoints: t.field({
    type: pointAccount,
    description:
      'Adds points to a balance, and says what it was right after that. `chargesBy` tells who may. Its idempotency key is kept for good: a charge is never applied twice.',
    extensions: { movesMoney: true },
    errors: {
      types: [BalanceLimitExceeded, IdempotencyKeyReused],
      union: { name: 'ChargePointsResult', description: 'The balance, or why it did not change.' },
    },
    args: { input: t.arg({ type: chargePointsInput, required: true, description: 'How many.' }) },
    resolve: resolvers.chargePoints,
  }),
}))
