import type { SeatStats } from '../domain/stats.ts'
import { claimStatus } from './claim-status.ts'
import type { Database } from './client.ts'

/** The seats of all dates of a concert together, counted in one statement. */
export async function readSeatStats(db: Database, concertId: string): Promise<SeatStats> {
  const [row] = await db.call(
    (sql) => sql<[SeatStats]>`
      with claims as materialized (
        select date.id as performance_id, claim.*, claim.seat_number between 1 and date.seat_count as exists
        from performances date
        -- Lateral with "offset 0": as a join it may be planned as a scan of the claims of all concerts.
        cross join lateral (
          select seat_number, reservation_id, ${claimStatus(sql)} as status from seat_claims
          where performance_id = date.id and released_at is null offset 0
        ) claim
        where date.concert_id = ${concertId}
      ),
      seats as (
        select (select coalesce(sum(seat_count), 0) from performances where concert_id = ${concertId}) as total,
          (select count(distinct (performance_id, seat_number)) filter (where exists and status is not null) from claims) as taken
      ),
      sold as (
        select coalesce(sum((select amount from payments where reservation_id = paid.reservation_id)), 0)::bigint as points
        from (select distinct reservation_id from claims where status = 'SOLD') paid
      )
      select
        count(*) filter (where status = 'SOLD') as sold,
        count(*) filter (where status = 'HELD') as held,
        (select total - taken from seats) as free,
        count(status) - (select taken from seats) as oversold,
        (select points from sold) as revenue
      from claims`,
  )
  return row
}
