import type postgres from 'postgres'

/**
 * The state of a live row of `seat_claims` right now: SOLD, HELD, or null when its hold has lapsed and the seat is free. A
 * subquery, so one index lookup for each claim: a join may be planned as a scan of all reservations.
 */
export const claimStatus = (sql: postgres.Sql) => sql`(
  select case when status = 'PAID' then 'SOLD' when status = 'HELD' and held_until > read_clock() then 'HELD' end
  from reservations where id = seat_claims.reservation_id)`
