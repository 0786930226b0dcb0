import type { Context } from '../context.ts'
import * as pointsBook from '../db/points.ts'
import type { PointAccount } from '../domain/points.ts'
import type { User } from '../domain/users.ts'
import { subjectOf } from './access.ts'
import { countAgainst } from './rates.ts'

export async function chargePoints(
  _: unknown,
  { input }: { input: { userId?: string | null | undefined; amount: number; idempotencyKey: string } },
  context: Context,
): Promise<PointAccount> {
  const userId = subjectOf(context, input.userId)
  await countAgainst(context, ['chargesPerUser', context.viewer().userId])
  return pointsBook.chargePoints(context.db, {
    actorId: context.viewer().userId,
    key: input.idempotencyKey,
    userId,
    amount: input.amount,
  })
}

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
