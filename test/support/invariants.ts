/** The invariants of the database, over its whole history. */
import { expect } from 'vitest'
import type postgres from 'postgres'

/** Each finds the rows that violate an invariant. */
const violationQueries = {
  'a balance is the sum of its transfers': `
    select a.user_id, a.balance from accounts a left join transfers t using (user_id)
    group by a.user_id having a.balance <> coalesce(sum(t.amount), 0)`,

  'a seat has one owner from held_at until its claim is released': `
    with owned as (
      select c.performance_id, c.seat_number, r.id, tstzrange(r.held_at, c.released_at) as span
      from seat_claims c join reservations r on r.id = c.reservation_id)
    select one.id, other.id as other, one.seat_number
    from owned one join owned other using (performance_id, seat_number)
    where one.id < other.id and one.span && other.span`,

  'a reservation claims its own seats, until it ends and no longer': `
    select r.id, r.status from reservations r, lateral (
      select coalesce(array_agg(seat_number order by seat_number), '{}') as seats,
        count(*) filter (where released_at is null) as live,
        bool_and(released_at = r.decided_at) as released_when_decided,
        coalesce(bool_and(released_at is null or released_at between r.held_until and coalesce(r.decided_at, released_at)),
          true) as released_after_lapsing
      from seat_claims where reservation_id = r.id) c
    where c.seats <> r.seat_numbers
      or (r.status = 'PAID' and c.live <> cardinality(r.seat_numbers))
      or (r.status in ('HELD', 'EXPIRED') and not c.released_after_lapsing)
      or (r.status in ('EXPIRED', 'CANCELLED') and c.live > 0)
      or (r.status = 'CANCELLED' and c.released_when_decided is not true)`,

  'a reservation is paid if and only if it has one payment with one transfer': `
    select r.id, r.status from reservations r
    left join payments p on p.reservation_id = r.id left join transfers t on t.payment_id = p.id
    where (r.status in ('PAID', 'REFUNDED')) <> (p.id is not null)
      or (p.id is not null and (p.amount, p.user_id, -t.amount, t.user_id)
        is distinct from (r.price, r.user_id, p.amount, p.user_id))`,

  'paid before held_until, expired not before': `
    select id, status from reservations
    where (status = 'PAID' and decided_at >= held_until) or (status = 'EXPIRED' and decided_at < held_until)`,

  'a ticket ended as PAID has a paid reservation, and none is held after a ticket has ended': `
    select s.user_id, s.number from spent_tickets s
    where (s.reason = 'PAID') <> exists (
        select from reservations r
        where (r.user_id, r.concert_id, r.ticket_number) = (s.user_id, s.concert_id, s.number) and r.status = 'PAID')
      or exists (
        select from reservations r
        where (r.user_id, r.concert_id, r.ticket_number) = (s.user_id, s.concert_id, s.number)
          and r.held_at > s.spent_at)`,

  'nothing is held with a ticket that has ended': `
    select r.id from reservations r
    join spent_tickets s on (r.user_id, r.concert_id, r.ticket_number) = (s.user_id, s.concert_id, s.number)
    where r.status = 'HELD' and r.held_until > clock_timestamp()`,

  'an idempotency key has its answer': 'select user_id, key from idempotency_keys where answer is null',
}

/** @throws with the name of each violated invariant and the rows that violate it */
export async function expectInvariants(sql: postgres.Sql): Promise<void> {
  const found = await Promise.all(
    Object.entries(violationQueries).map(async ([rule, query]) => [rule, await sql.unsafe(query)] as const),
  )
  const broken = found.filter(([, rows]) => rows.length > 0).map(([rule, rows]) => [rule, ...rows])
  expect(broken).toEqual([])
}
