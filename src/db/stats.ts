import type { SeatStats } from '../domain/stats.ts'
import type { Database } from './client.ts'

/** How the seats of a concert stand, all its dates together, at one moment. */
export async function readSeatStats(db: Database, concertId: string): Promise<SeatStats> {
  const [row] = await db.call(
    (sql) => sql<[SeatStats]>`
      with claims as materialized (
        select d.id as performance_id, c.seat_number, c.reservation_id, c.seat_number between 1 and d.seat_count as exists,
          (select case when status = 'PAID' then 'SOLD' when status = 'HELD' and held_until > read_clock() then 'HELD' end
            from reservations where id = c.reservation_id) as status
        from performances d
        -- Not a join: one may be planned as a scan of everybody's claims. "offset 0" keeps it from becoming one.
        cross join lateral (
          select seat_number, reservation_id from seat_claims
          where performance_id = d.id and released_at is null offset 0
        ) c
        where d.concert_id = ${concertId}
      ),
      seats as (
        select count(distinct (performance_id, seat_number)) filter (where exists and status is not null) as taken from claims
      )
      select
        (count(*) filter (where status = 'SOLD'))::int as sold,
        (count(*) filter (where status = 'HELD'))::int as held,
        (coalesce((select sum(seat_count) from performances where concert_id = ${concertId}), 0)
          - (select taken from seats))::int as free,
        (count(status) - (select taken from seats))::int as oversold,
        (select coalesce(sum((select amount from payments where reservation_id = paid.reservation_id)), 0)
          from (select distinct reservation_id from claims where status = 'SOLD') paid)::float8 as "pointsTaken"
      from claims`,
  )
  return row
}
