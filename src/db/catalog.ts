import { and, asc, desc, eq, getTableColumns, isNull, sql as fragment } from 'drizzle-orm'
import type { Concert, NewConcert, Performance } from '../domain/catalog.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'
import type { PageArgs } from '../domain/pagination.ts'
import type { QueueSettings } from '../domain/queue.ts'
import { boundsOf, defineLoad, defineRead, isOneOf, isOnPage, type PageBounds } from './read.ts'
import { concerts, performances, seatClaims } from './tables.ts'

const concertColumns = {
  id: concerts.id,
  title: concerts.title,
  queueSettings: {
    capacity: concerts.queueCapacity,
    ratePerSecond: concerts.queueRatePerSecond,
    paused: concerts.queuePaused,
    version: concerts.queueVersion,
  },
}

/**
 * What a claim stands for at this moment; null: a hold that has lapsed, which keeps nobody out. One look into the index for
 * each claim: a join may be planned as a scan of all reservations.
 */
const claimStatus = fragment<'SOLD' | 'HELD' | null>`(
  select case when status = 'PAID' then 'SOLD' when status = 'HELD' and held_until > read_clock() then 'HELD' end
  from reservations where id = seat_claims.reservation_id)`

const readPage = (order: typeof asc) =>
  defineRead<PageBounds, Concert[]>((orm) =>
    orm
      .select(concertColumns)
      .from(concerts)
      .where(isOnPage(concerts.id))
      .orderBy(order(concerts.id))
      .limit(fragment.placeholder('limit')),
  )
const readFirst = readPage(asc)
const readLast = readPage(desc)

/** One page of all concerts, the oldest first. */
export const listConcerts = (db: Database, page: PageArgs): Promise<Concert[]> =>
  (page.fromEnd ? readLast : readFirst)(db, boundsOf(page))

/** The concerts of these ids, in any order. */
export const loadConcerts = defineLoad<Concert[]>((orm) =>
  orm.select(concertColumns).from(concerts).where(isOneOf(concerts.id)),
)

/** How people are let in, as operators have decided it last; null: there is no such concert. */
export const readQueueSettings = async (db: Database, concertId: string): Promise<QueueSettings | null> =>
  (await loadConcerts(db, [concertId]))[0]?.queueSettings ?? null

/** When the last date of a concert starts, ms since 1970; 0: it has no dates; undefined: there is no such concert. */
export async function findLastPerformanceAt(db: Database, concertId: string): Promise<number | undefined> {
  const [row] = await db.call((_, orm) =>
    orm
      .select({ startsAt: performances.startsAt })
      .from(concerts)
      .leftJoin(performances, eq(performances.concertId, concerts.id))
      .where(eq(concerts.id, concertId))
      .orderBy(fragment`${performances.startsAt} desc nulls last`)
      .limit(1),
  )
  return row && (row.startsAt?.getTime() ?? 0)
}

const readPerformances = defineRead<
  { concertId: string; futureOnly: boolean; limit: number },
  (Performance & { takenCount: number })[]
>((orm) =>
  orm
    .select({
      ...getTableColumns(performances),
      takenCount: fragment<number>`(
        select count(*)::int from seat_claims
        where performance_id = performances.id and released_at is null and ${claimStatus} is not null)`,
    })
    .from(performances)
    .where(
      and(
        eq(performances.concertId, fragment.placeholder('concertId')),
        fragment`(${performances.startsAt} > read_clock() or not ${fragment.placeholder('futureOnly')}::boolean)`,
      ),
    )
    .orderBy(performances.startsAt, performances.id)
    .limit(fragment.placeholder('limit')),
)

/**
 * The dates of a concert, or only those in the future, in the order of their days; `limit` at the most.
 * takenCount: how many of its seats somebody has.
 */
export const listPerformances = (
  db: Database,
  concertId: string,
  { futureOnly, limit }: { futureOnly: boolean; limit: number },
): Promise<(Performance & { takenCount: number })[]> => readPerformances(db, { concertId, futureOnly, limit })

/** The performances of these ids, in any order. */
export const loadPerformances = defineLoad<Performance[]>((orm) =>
  orm.select().from(performances).where(isOneOf(performances.id)),
)

/** How many seats of each of these performances somebody has; one that is missing has none taken. */
export const countTakenSeats = defineLoad<{ performanceId: string; count: number }[]>((orm) =>
  orm
    .select({ performanceId: seatClaims.performanceId, count: fragment<number>`count(*)::int` })
    .from(seatClaims)
    .where(
      and(
        isOneOf(seatClaims.performanceId),
        isNull(seatClaims.releasedAt),
        fragment`${claimStatus} is not null`,
      ),
    )
    .groupBy(seatClaims.performanceId),
)

const readClaims = defineLoad<{ performanceId: string; number: number; status: 'HELD' | 'SOLD' | null }[]>(
  (orm) =>
    orm
      .select({
        performanceId: seatClaims.performanceId,
        number: seatClaims.seatNumber,
        status: claimStatus,
      })
      .from(seatClaims)
      .where(and(isOneOf(seatClaims.performanceId), isNull(seatClaims.releasedAt))),
)

/** The seats of these performances that somebody has, in any order; lapsed holds are free and not among them. */
export async function loadTakenSeats(
  db: Database,
  performanceIds: readonly string[],
): Promise<{ performanceId: string; number: number; status: 'HELD' | 'SOLD' }[]> {
  const claims = await readClaims(db, performanceIds)
  return claims.flatMap(({ status, ...claim }) => (status === null ? [] : [{ ...claim, status }]))
}

/**
 * Adds a concert with its dates, all or nothing, and writes down who did.
 * @param newId makes the ids of the concert and its performances
 * @param key of the operator's intent, if there is one: the same key again adds nothing
 * @returns the concert's id
 * @throws InvalidConcert when a date is not in the future; IdempotencyKeyReused; Problem OVERLOADED
 */
export async function createConcert(
  db: Database,
  operatorId: string,
  concert: NewConcert,
  newId: () => string,
  key: string | null = null,
): Promise<string> {
  const dates = concert.performances.map((performance) => ({ id: newId(), ...performance }))
  const [row] = await db.call(
    (sql) => sql<[{ answer: Outcome }]>`select create_concert(
      ${newId()}, ${concert.title}, ${concert.queueCapacity}, ${concert.queueRatePerSecond},
      ${JSON.stringify(dates)}::text::jsonb, ${operatorId}, ${key}
    ) as answer`,
  )
  return expectOutcome(row.answer, 'Created').concertId
}
