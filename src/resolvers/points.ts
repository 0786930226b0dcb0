import type { Context } from './context.ts'
import * as pointsDb from '../db/points.ts'
import type { PointAccount } from '../domain/points.ts'
import type { User } from '../domain/users.ts'
import { Problem } from '../domain/problem.ts'
import { subjectOf } from './authorization.ts'
import { enforceRateLimits } from './rate-limits.ts'

export async function chargePoints(
  _: unknown,
  { input }: { input: { userId?: string | null | undefined; amount: number; idempotencyKey: string } },
  context: Context,
): Promise<PointAccount> {
  const { userId: actorId, role } = context.caller()
  const userId = accountToCharge(context, input.userId)
  if (role === 'buyer') await enforceRateLimits(context, ['chargesPerUser', actorId])
  return pointsDb.chargePoints(context.db, {
    actorId,
    key: input.idempotencyKey,
    userId,
    amount: input.amount,
  })
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

export const pointsOf = (user: User, _: unknown, context: Context): Promise<PointAccount> =>
  accountOf(user.id, context)

/** Whoever never had points has an account of 0. */
const accountOf = async (userId: string, context: Context): Promise<PointAccount> =>
  (await context.loaders.accounts.load(userId)) ?? { userId, balance: 0 }
