import type { Context } from './context.ts'
import * as pointsDb from '../db/points.ts'
import type { PointAccount } from '../domain/points.ts'
import type { User } from '../domain/users.ts'
import { Problem } from '../domain/problem.ts'
import { canView, subjectOf } from './authorization.ts'
import { invalidate } from './invalidate.ts'
import { enforceRateLimits } from './rate-limits.ts'

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, BAD_INPUT, RATE_LIMITED, OVERLOADED; BalanceLimitExceeded, IdempotencyKeyReused */
export async function chargePoints(
  _: unknown,
  { input }: { input: { userId?: string | null | undefined; amount: number; idempotencyKey: string } },
  context: Context,
): Promise<PointAccount> {
  const { userId: actorId, role } = context.caller()
  const userId = accountToCharge(context, input.userId)
  if (role === 'buyer') await enforceRateLimits(context, ['chargesPerUser', actorId])
  return pointsDb
    .chargePoints(context.db, { actorId, key: input.idempotencyKey, userId, amount: input.amount })
    .finally(() => invalidate(context))
}

/**
 * Whose account this caller may charge. A cashier always names the user.
 * @throws Problem UNAUTHENTICATED, FORBIDDEN, BAD_INPUT
 */
function accountToCharge(context: Context, userId: string | null | undefined): string {
  if (context.caller().role === 'cashier') {
    if (userId) return userId
    throw new Problem('BAD_INPUT', 'userId: a cashier has to name the user whose points they are')
  }
  if (context.config.chargesBy === 'cashiers') {
    throw new Problem(
      'FORBIDDEN',
      'Points are added by the venue’s payment system here (CHARGES_BY=cashiers). Buy them there.',
    )
  }
  return subjectOf(context, userId)
}

export const chargesBy = (_: unknown, __: unknown, context: Context): 'BUYERS' | 'CASHIERS' =>
  context.config.chargesBy === 'cashiers' ? 'CASHIERS' : 'BUYERS'

export const points = (
  _: unknown,
  { userId }: { userId?: string | null | undefined },
  context: Context,
): Promise<PointAccount> => accountOf(subjectOf(context, userId), context)

export const pointsOf = ({ id }: User, _: unknown, context: Context): Promise<PointAccount> =>
  accountOf(id, context)

export async function account(id: string, context: Context): Promise<PointAccount | null> {
  return canView(context.viewer(), id) ? accountOf(id, context) : null
}

/** A user who was never charged has no row, and a balance of 0. */
export const accountOf = async (userId: string, { loaders }: Context): Promise<PointAccount> =>
  (await loaders.accounts.load(userId)) ?? { userId, balance: 0 }
