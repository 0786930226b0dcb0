import type { Context } from './context.ts'
import * as queueDb from '../db/queue.ts'
import { Problem } from '../domain/problem.ts'
import { requireOperator } from './authorization.ts'
import type { ConcertRef } from './concerts.ts'
import { invalidate } from './invalidate.ts'

interface UpdateQueueInput {
  concertId: string
  capacity?: number | null | undefined
  ratePerSecond?: number | null | undefined
  paused?: boolean | null | undefined
}

/**
 * The change is in Redis, and so in force on every instance, before it is answered.
 * @throws Problem UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, OVERLOADED
 */
export async function updateQueue(
  _: unknown,
  { input: { concertId, capacity, ratePerSecond, paused } }: { input: UpdateQueueInput },
  context: Context,
): Promise<ConcertRef> {
  const { userId } = requireOperator(context)
  const settings = await queueDb
    .updateQueue(context.db, userId, concertId, {
      capacity: capacity ?? undefined,
      ratePerSecond,
      paused: paused ?? undefined,
    })
    .finally(() => invalidate(context))
  if (!settings) throw new Problem('NOT_FOUND', 'There is no such concert.')
  await context.queue.configure(concertId, settings)
  return { id: concertId }
}

export const waitingCount = async ({ id }: ConcertRef, _: unknown, { loaders }: Context): Promise<number> =>
  (await loaders.queueCounts.load(id)).waiting

export const admittedCount = async ({ id }: ConcertRef, _: unknown, { loaders }: Context): Promise<number> =>
  (await loaders.queueCounts.load(id)).admitted
