import type { PointAccount } from '../domain/points.ts'
import { BalanceLimitExceeded, IdempotencyKeyReused } from '../domain/refusals.ts'
import * as resolvers from '../resolvers/points.ts'
import * as validation from './validation.ts'
import { builder } from './builder.ts'
import { globalId } from './ids.ts'
import { idempotencyKeyDescription } from './idempotency-key.ts'

export const pointAccount = builder.objectRef<PointAccount>('PointAccount')
builder.node(pointAccount, {
  description: 'The points of a user.',
  id: { resolve: ({ userId }) => userId },
  loadWithoutCache: (id, context) => resolvers.account(id, context),
  fields: (t) => ({
    userId: t.id({
      description: 'The id of the user.',
      resolve: ({ userId }) => globalId('User', userId),
    }),
    balance: t.expose('balance', { type: 'Points', description: 'The points that can be spent.' }),
  }),
})

const chargePointsInput = builder.inputType('ChargePointsInput', {
  description: 'A charge: points to add to a balance.',
  fields: (t) => ({
    userId: t
      .id({
        description:
          'The user. Default: the caller. Operators may name another user, and a cashier has to name one: see `chargesBy`.',
      })
      .validate(validation.idOf('User').nullish()),
    amount: t.field({
      type: 'Points',
      required: true,
      validate: validation.chargeAmount,
      description: 'The points to add, 1 or more.',
    }),
    idempotencyKey: t
      .string({ required: true, description: idempotencyKeyDescription })
      .validate(validation.idempotencyKey),
  }),
})

const chargePointsPayload = builder.objectRef<PointAccount>('ChargePointsPayload').implement({
  description: 'The points were added.',
  fields: (t) => ({
    account: t.field({
      type: pointAccount,
      description: 'The account right after this charge.',
      resolve: (account) => account,
    }),
  }),
})

const chargesBy = builder.enumType('ChargesBy', {
  description: 'Who may add points to a balance.',
  values: {
    BUYERS: { description: 'Buyers, to their own balance.' },
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
    description: 'The points of the caller, or, for operators, of another user.',
    args: {
      userId: t.arg
        .id({ description: 'The user. Default: the caller. Only operators may name another user.' })
        .validate(validation.idOf('User').nullish()),
    },
    resolve: resolvers.points,
  }),
}))

builder.mutationFields((t) => ({
  chargePoints: t.field({
    type: chargePointsPayload,
    description:
      'Adds points to a balance. `chargesBy` says who may call it. Its idempotency key is kept for good: a charge is never applied twice.',
    extensions: { movesMoney: true },
    errors: {
      types: [BalanceLimitExceeded, IdempotencyKeyReused],
      union: { name: 'ChargePointsResult', description: 'The account, or why nothing was added.' },
    },
    args: { input: t.arg({ type: chargePointsInput, required: true, description: 'The charge.' }) },
    resolve: resolvers.chargePoints,
  }),
}))
