import type { Context } from './context.ts'
import * as catalogDb from '../db/catalog.ts'
import type { PageArgs } from '../domain/pagination.ts'
import {
  seatMap,
  type Concert,
  type Performance,
  type Seat,
  type SeatChanges,
  type SeatStatus,
} from '../domain/catalog.ts'
import { Problem } from '../domain/problem.ts'
import { takeUntil } from '../domain/latest-value.ts'
import { isAdmitted, requireAdmission, requireOperator } from './authorization.ts'

/** More dates than any concert has; createConcert takes no more. */
const PERFORMANCES_MAX = 100

/** Seats that one operation may go through, whatever it shows of them: five times the largest date there can be. */
const SEATS_MAX = 50_000

/** @throws Problem BAD_INPUT when the operation goes through more seats than it may */
function countSeatsRead(context: Context, count: number): void {
  context.seatsRead = (context.seatsRead ?? 0) + count
  if (context.seatsRead <= SEATS_MAX) return
  throw new Problem(
    'BAD_INPUT',
    `One operation can go through ${SEATS_MAX} seats. Ask for the seats of one date at a time.`,
  )
}

export const concerts = (page: PageArgs, context: Context): Promise<Concert[]> =>
  catalogDb.listConcerts(context.db, page)

export const concert = (_: unknown, { id }: { id: string }, context: Context): Promise<Concert | null> =>
  context.loaders.concerts.load(id)

export async function concertOf(
  { concertId }: { concertId: string },
  _: unknown,
  context: Context,
): Promise<Concert> {
  const found = await context.loaders.concerts.load(concertId)
  if (!found) throw new Error(`concert ${concertId} is gone`)
  return found
}

export async function performances(
  _: unknown,
  { concertId, bookableOnly }: { concertId: string; bookableOnly?: boolean | null | undefined },
  context: Context,
): Promise<Performance[]> {
  await requireAdmission(context, concertId)
  // The argument's default stands in the schema; an explicit null is no different from it.
  const bookable = bookableOnly ?? true
  const dates = await catalogDb.listPerformances(context.db, concertId, {
    futureOnly: bookable,
    limit: PERFORMANCES_MAX,
  })
  for (const { id, takenCount } of dates)
    context.loaders.takenSeatCounts.prime(id, { performanceId: id, count: takenCount })
  return bookable ? dates.filter(({ seatCount, takenCount }) => takenCount < seatCount) : dates
}

export async function performance(
  _: unknown,
  { id }: { id: string },
  context: Context,
): Promise<Performance | null> {
  context.viewer()
  const found = await context.loaders.performances.load(id)
  if (found) await requireAdmission(context, found.concertId)
  return found
}

export async function performanceOf(
  { performanceId }: { performanceId: string },
  _: unknown,
  context: Context,
): Promise<Performance> {
  const found = await context.loaders.performances.load(performanceId)
  if (!found) throw new Error(`performance ${performanceId} is gone`)
  return found
}

/** Public. Exact for callers who are admitted; for everybody else it may be a second old: see seat-counts.ts. */
export async function availableSeatCount(
  performance: Performance,
  _: unknown,
  context: Context,
): Promise<number> {
  const taken = (await isAdmitted(context, performance.concertId))
    ? ((await context.loaders.takenSeatCounts.load(performance.id))?.count ?? 0)
    : await context.seatCounts.taken(performance.id)
  return performance.seatCount - taken
}

/** Gated here as well: a performance can also be reached through somebody's reservation. */
export async function seats(
  performance: Performance,
  { status }: { status?: SeatStatus | null | undefined },
  context: Context,
): Promise<Seat[]> {
  await requireAdmission(context, performance.concertId)
  countSeatsRead(context, performance.seatCount)
  const all = seatMap(performance, await context.loaders.takenSeats.load(performance.id))
  return status ? all.filter((seat) => seat.status === status) : all
}

/** Ends when the caller's ticket does: whoever has left sees no more than whoever has not come in. */
export async function seatChanges(
  _: unknown,
  { performanceId, token }: { performanceId: string; token?: string | null | undefined },
  context: Context,
): Promise<AsyncIterable<SeatChanges>> {
  context.viewer()
  const found = await context.loaders.performances.load(performanceId)
  if (!found) throw new Problem('NOT_FOUND', 'There is no such performance.')
  const ticket = await requireAdmission(context, found.concertId, token)
  const changes = context.seats.subscribe(performanceId)
  return takeUntil(changes, context.queue.subscribe(ticket), (status) => status.kind !== 'Admitted')
}

export async function createConcert(
  _: unknown,
  {
    input,
  }: {
    input: {
      title: string
      performances: { startsAt: Date; seatCount?: number | null | undefined; seatPrice: number }[]
      queueCapacity?: number | null | undefined
      queueRatePerSecond?: number | null | undefined
      idempotencyKey?: string | null | undefined
    }
  },
  context: Context,
): Promise<Concert> {
  const { userId } = requireOperator(context)
  const { queueDefaults } = context.config
  const id = await catalogDb.createConcert(
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
  return concertOf({ concertId: id }, _, context)
}
