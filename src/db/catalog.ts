import type postgres from 'postgres'
import type { Concert, NewConcert, Performance, SeatKey, SeatStatus } from '../domain/catalog.ts'
import type { PageArgs } from '../domain/pagination.ts'
import type { QueueSettings } from '../domain/queue.ts'
import { claimStatus } from './claim-status.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'
import { pageBounds } from './page.ts'

const performanceColumns = (sql: postgres.Sql) => sql`id, concert_id, starts_at, seat_count, seat_price`

/** One page of all concerts, the oldest first. */
export const listConcerts = (db: Database, page: PageArgs): Promise<Concert[]> =>
  db.call((sql) => {
    const { after, before, direction, limit } = pageBounds(sql, page)
    return sql<Concert[]>`
      select id, title, queue_settings(concerts) from concerts
      where id > ${after} and id < ${before} order by id ${direction} limit ${limit}`
  })

/** The concerts with these ids, in any order. */
export const loadConcerts = (db: Database, ids: readonly string[]): Promise<Concert[]> =>
  db.call(
    (sql) => sql<Concert[]>`
      select id, title, queue_settings(concerts) from concerts where id = any(${ids}::uuid[])`,
  )

/** The current settings of a concert's queue; null: no such concert. */
export const readQueueSettings = async (db: Database, concertId: string): Promise<QueueSettings | null> =>
  (await loadConcerts(db, [concertId]))[0]?.queueSettings ?? null

/** When the last date of a concert starts, ms since 1970; 0: it has no dates; undefined: no such concert. */
export async function findLastPerformanceAt(db: Database, concertId: string): Promise<number | undefined> {
  const [row] = await db.call(
    (sql) => sql<{ startsAt: Date | null }[]>`
      select starts_at from concerts left join performances on performances.concert_id = concerts.id
      where concerts.id = ${concertId}
      order by starts_at desc nulls last limit 1`,
  )
  return row && (row.startsAt?.getTime() ?? 0)
}

/** The dates of a concert by start, `limit` at most. takenCount: its seats that are held or sold. */
export const listPerformances = (
  db: Database,
  concertId: string,
  { futureOnly, limit }: { futureOnly: boolean; limit: number },
): Promise<(Performance & { takenCount: number })[]> =>
  db.call(
    (sql) => sql<(Performance & { takenCount: number })[]>`
      select ${performanceColumns(sql)}, (
        select count(*) from seat_claims
        where performance_id = performances.id and released_at is null and ${claimStatus(sql)} is not null
      ) as taken_count
      from performances
      where concert_id = ${concertId} and (starts_at > read_clock() or not ${futureOnly}::boolean)
      order by starts_at, id limit ${limit}`,
  )

/** The performances with these ids, in any order. */
export const loadPerformances = (db: Database, ids: readonly string[]): Promise<Performance[]> =>
  db.call(
    (sql) => sql<Performance[]>`
      select ${performanceColumns(sql)} from performances where id = any(${ids}::uuid[])`,
  )

/** All dates of these concerts, the earliest first. */
export const loadPerformancesByConcert = (
  db: Database,
  concertIds: readonly string[],
): Promise<Performance[]> =>
  db.call(
    (sql) => sql<Performance[]>`
      select ${performanceColumns(sql)} from performances
      where concert_id = any(${concertIds}::uuid[]) order by starts_at, id`,
  )

/** How many seats of each performance are held or sold. A performance without any is left out. */
export const countTakenSeats = (
  db: Database,
  performanceIds: readonly string[],
): Promise<{ performanceId: string; count: number }[]> =>
  db.call(
    (sql) => sql<{ performanceId: string; count: number }[]>`
      select performance_id, count(*) from seat_claims
      where performance_id = any(${performanceIds}::uuid[]) and released_at is null and ${claimStatus(sql)} is not null
      group by performance_id`,
  )

/** The seats of these performances that are held or sold, in any order. */
export async function loadTakenSeats(
  db: Database,
  performanceIds: readonly string[],
): Promise<{ performanceId: string; number: number; status: 'HELD' | 'SOLD' }[]> {
  const claims = await db.call(
    (sql) => sql<{ performanceId: string; number: number; status: 'HELD' | 'SOLD' | null }[]>`
      select performance_id, seat_number as number, ${claimStatus(sql)} as status from seat_claims
      where performance_id = any(${performanceIds}::uuid[]) and released_at is null`,
  )
  return claims.flatMap(({ status, ...claim }) => (status === null ? [] : [{ ...claim, status }]))
}

/** The status of these seats, in any order. */
export async function loadSeatStatuses(
  db: Database,
  seats: readonly SeatKey[],
): Promise<(SeatKey & { status: SeatStatus })[]> {
  const performanceIds = seats.map(({ performanceId }) => performanceId)
  const numbers = seats.map(({ number }) => number)
  const rows = await db.call(
    (sql) => sql<(SeatKey & { status: 'HELD' | 'SOLD' | null })[]>`
      select seat.performance_id, seat.number, (
        select ${claimStatus(sql)} from seat_claims
        where performance_id = seat.performance_id and seat_number = seat.number and released_at is null
      ) as status
      from unnest(${performanceIds}::uuid[], ${numbers}::int[]) as seat (performance_id, number)`,
  )
  return rows.map(({ status, ...seat }) => ({ ...seat, status: status ?? 'AVAILABLE' }))
}

/**
 * The reservations that the held and sold seats of these performances belong to, in any order.
 * @param ownerId only those of this user; null: all
 */
export const loadSeatReservations = (
  db: Database,
  performanceIds: readonly string[],
  ownerId: string | null,
): Promise<SeatReservation[]> =>
  db.call((sql) =>
    ownerId === null
      ? sql<SeatReservation[]>`
          select performance_id, seat_number as number, reservation_id from seat_claims
          where performance_id = any(${performanceIds}::uuid[]) and released_at is null and ${claimStatus(sql)} is not null`
      : // The seats of a held or paid reservation are its own. For each status, as in listReservations; offset 0 keeps the planner
        // from making one condition of both, so that no other reservation of the user is read.
        sql<SeatReservation[]>`
          select own.performance_id, unnest(own.seat_numbers) as number, own.id as reservation_id
          from unnest(array['HELD', 'PAID']) as stored (status) cross join lateral (
            select id, performance_id, seat_numbers from reservations
            where user_id = ${ownerId} and status = stored.status and performance_id = any(${performanceIds}::uuid[])
              and (status = 'PAID' or held_until > read_clock())
            offset 0
          ) as own`,
  )

interface SeatReservation extends SeatKey {
  reservationId: string
}

/**
 * Adds a concert with its dates, all or nothing, and an entry in the audit log.
 * @param newId makes the ids of the concert and its performances
 * @param key idempotency key; null: every call adds a concert
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
