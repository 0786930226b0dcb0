import type { Context } from './context.ts'
import * as catalogDb from '../db/catalog.ts'
import type { Performance } from '../domain/catalog.ts'
import { isAdmitted, requireAdmission } from './authorization.ts'

/** More dates than any concert has; createConcert takes no more. */
const PERFORMANCES_MAX = 100

/** A performance, with the number of its held and sold seats where that is known already. */
export type PerformanceRef = Performance & { takenCount?: number }

/** @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED */
export async function performances(
  _: unknown,
  { concertId, bookableOnly }: { concertId: string; bookableOnly?: boolean | null | undefined },
  context: Context,
): Promise<PerformanceRef[]> {
  await requireAdmission(context, concertId)
  // The schema has the default of the argument; an explicit null means the same.
  const bookable = bookableOnly ?? true
  const dates = await catalogDb.listPerformances(context.db, concertId, {
    futureOnly: bookable,
    limit: PERFORMANCES_MAX,
  })
  return bookable ? dates.filter(({ seatCount, takenCount }) => takenCount < seatCount) : dates
}

/** @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, OVERLOADED */
export async function performance(
  _: unknown,
  { id }: { id: string },
  context: Context,
): Promise<PerformanceRef | null> {
  context.viewer()
  const found = await context.loaders.performances.load(id)
  if (found) await requireAdmission(context, found.concertId)
  return found
}

/** Public: every date of a concert, the earliest first. */
export const performancesOf = ({ id }: { id: string }, _: unknown, { loaders }: Context) =>
  loaders.performancesByConcert.load(id)

export async function performanceOf(
  { performanceId }: { performanceId: string },
  _: unknown,
  { loaders }: Context,
): Promise<PerformanceRef> {
  const found = await loaders.performances.load(performanceId)
  if (!found) throw new Error(`performance ${performanceId} is missing`)
  return found
}

/** Public. Exact for admitted callers and operators; for others up to a second old: see seats/seat-counts.ts. */
export async function availableSeatCount(
  { id, concertId, seatCount, takenCount }: PerformanceRef,
  _: unknown,
  context: Context,
): Promise<number> {
  if (takenCount !== undefined) return seatCount - takenCount
  const taken = (await isAdmitted(context, concertId))
    ? ((await context.loaders.takenSeatCounts.load(id))?.count ?? 0)
    : await context.seatCounts.taken(id)
  return seatCount - taken
}
