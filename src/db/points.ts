import { BALANCE_MAX, type PointAccount } from '../domain/points.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'

/**
 * Adds points to a user's balance.
 * @param charge.actorId the caller, who owns the key: the user, an operator or a cashier
 * @param charge.amount whole points, above zero
 * @returns the account as it was right after this charge
 * @throws BalanceLimitExceeded, IdempotencyKeyReused; Problem OVERLOADED
 */
export async function chargePoints(
  db: Database,
  charge: { actorId: string; key: string; userId: string; amount: number },
): Promise<PointAccount> {
  const [row] = await db.call(
    (sql) => sql<[{ answer: Outcome }]>`select charge_points(
      ${charge.actorId}, ${charge.key}, ${charge.userId}, ${charge.amount}, ${BALANCE_MAX}
    ) as answer`,
  )
  return { userId: charge.userId, balance: expectOutcome(row.answer, 'Charged').balance }
}

/** The accounts of these users, in any order. A user without transfers has none. */
export const loadAccounts = (db: Database, userIds: readonly string[]): Promise<PointAccount[]> =>
  db.call(
    (sql) => sql<PointAccount[]>`
      select user_id, balance from accounts where user_id = any(${userIds}::uuid[])`,
  )
