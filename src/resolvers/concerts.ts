import type { Context } from './context.ts'
import * as catalogDb from '../db/catalog.ts'
import type { Concert } from '../domain/catalog.ts'
import type { PageArgs } from '../domain/pagination.ts'
import type { QueueSettings } from '../domain/queue.ts'
import { requireOperator } from './authorization.ts'
import { invalidate } from './invalidate.ts'

/** A concert, or only its id: the rest is loaded when a field needs it. */
export type ConcertRef = Concert | Pick<Concert, 'id'>

const loadConcert = async (concert: ConcertRef, { loaders }: Context): Promise<Concert> => {
  if ('title' in concert) return concert
  const found = await loaders.concerts.load(concert.id)
  if (!found) throw new Error(`concert ${concert.id} is missing`)
  return found
}

export const concerts = (page: PageArgs, { db }: Context): Promise<Concert[]> =>
  catalogDb.listConcerts(db, page)

export const concert = (_: unknown, { id }: { id: string }, { loaders }: Context): Promise<Concert | null> =>
  loaders.concerts.load(id)

export const title = async (concert: ConcertRef, _: unknown, context: Context): Promise<string> =>
  (await loadConcert(concert, context)).title

export const queueSettings = async (concert: ConcertRef, context: Context): Promise<QueueSettings> =>
  (await loadConcert(concert, context)).queueSettings

interface CreateConcertInput {
  title: string
  performances: { startsAt: Date; seatCount?: number | null | undefined; seatPrice: number }[]
  queueCapacity?: number | null | undefined
  queueRatePerSecond?: number | null | undefined
  idempotencyKey?: string | null | undefined
}

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, OVERLOADED; InvalidConcert, IdempotencyKeyReused */
export async function createConcert(
  _: unknown,
  { input }: { input: CreateConcertInput },
  context: Context,
): Promise<ConcertRef> {
  const { userId } = requireOperator(context)
  const { queueDefaults } = context.config
  const id = await catalogDb
    .createConcert(
      context.db,
      userId,
      {
        title: input.title,
        performances: input.performances.map((date) => ({ ...date, seatCount: date.seatCount ?? 50 })),
        queueCapacity: input.queueCapacity ?? queueDefaults.capacity,
        queueRatePerSecond:
          input.queueRatePerSecond === undefined ? queueDefaults.ratePerSecond : input.queueRatePerSecond,
      },
      context.newId,
      input.idempotencyKey ?? null,
    )
    .finally(() => invalidate(context))
  return { id }
}
