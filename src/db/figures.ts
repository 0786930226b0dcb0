import type { SeatFigures } from '../domain/figures.ts'
import type { Database } from './client.ts'

/** How the seats of a concert stand, all its dates together, at one moment. */
export async function readSeatFigures(db: Database, concertId: string): Promise<SeatFigures> {
  const [row] = await db.call(
    (sql) => sql<[SeatFigures]>`
      with dates as materialized (select id, seat_count from performances where concert_id = ${concertId}),
      taken as materialized (
        select c.performance_id, c.seat_number, c.reservation_id, r.status,
          c.seat_number between 1 and d.seat_count as exists
        from dates d
        join seat_claims c on c.performance_id = d.id and c.released_at is null
        join reservations r on r.id = c.reservation_id
        where r.status = 'PAID' or (r.status = 'HELD' and r.held_until > read_clock())
      ),
      seats as (select count(distinct (performance_id, seat_number)) filter (where exists) as taken from taken)
      select
        (count(*) filter (where status = 'PAID'))::int as sold,
        (count(*) filter (where status = 'HELD'))::int as held,
        (coalesce((select sum(seat_count) from dates), 0) - (select taken from seats))::int as free,
        (count(*) - (select taken from seats))::int as oversold,
        (select coalesce(sum(amount), 0) from payments where reservation_id in (
          select reservation_id from taken where status = 'PAID'))::float8 as "pointsTaken"
      from taken`,
  )
  return row
}
