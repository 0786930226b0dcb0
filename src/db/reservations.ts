import type postgres from 'postgres'
import type { PageArgs } from '../domain/pagination.ts'
import type { QueueTicket } from '../domain/queue.ts'
import type { Reservation, ReservationStatus } from '../domain/reservations.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'
import { pageBounds } from './page.ts'

/** A hold that has lapsed is EXPIRED, even before a job has ended it. */
const currentStatus = (sql: postgres.Sql) =>
  sql`case when status = 'HELD' and held_until <= read_clock() then 'EXPIRED' else status end`

const columns = (sql: postgres.Sql) =>
  sql`id, performance_id, user_id, seat_numbers, price, ${currentStatus(sql)} as status, held_until`

/**
 * Holds all of the seats, or none.
 * @param hold.reservationId the id of the new reservation
 * @param hold.seatNumbers distinct
 * @param hold.admitted whether the queue has admitted the ticket. If not, only an earlier answer is repeated
 * @param hold.turnLeftMs what is left of the turn, as the queue says: the hold ends no later
 * @param hold.turnMs the maximum length of a turn, counted from the first hold with this ticket: the hold ends no later
 * @returns the reservation that belongs to this key, as it is now
 * @throws SeatTaken, SeatNotFound, SeatLimitExceeded, SalesClosed, IdempotencyKeyReused;
 *   Problem NOT_ADMITTED, QUEUE_TICKET_INVALID, NOT_FOUND, OVERLOADED
 */
export async function holdSeats(
  db: Database,
  hold: {
    key: string
    reservationId: string
    performanceId: string
    seatNumbers: readonly number[]
    ticket: QueueTicket
    admitted: boolean
    holdMs: number
    turnLeftMs: number
    turnMs: number
    seatLimit: number
  },
): Promise<Reservation> {
  const seatNumbers = [...hold.seatNumbers].sort((a, b) => a - b)
  const [row] = await db.call(
    (sql) => sql<[{ answer: Outcome }]>`select hold_seats(
      ${hold.ticket.userId}, ${hold.key}, ${hold.reservationId}, ${hold.performanceId}, ${seatNumbers}::int[],
      ${hold.ticket.concertId}, ${hold.ticket.number}, ${hold.admitted}, ${hold.holdMs}, ${hold.turnLeftMs}, ${hold.turnMs},
      ${hold.seatLimit}
    ) as answer`,
  )
  const { reservationId, reservation } = expectOutcome(row.answer, 'Held')
  if (!reservation) return loadReservation(db, reservationId)
  return {
    id: reservation.id,
    performanceId: reservation.performance_id,
    userId: reservation.user_id,
    seatNumbers: reservation.seat_numbers,
    price: reservation.price,
    status: reservation.status,
    heldUntil: new Date(reservation.held_until),
  }
}

/**
 * Cancels a hold.
 * @returns the reservation, as it is now
 * @throws HoldExpired, AlreadyPaid, ReservationNotFound, IdempotencyKeyReused; Problem OVERLOADED
 */
export async function cancelReservation(
  db: Database,
  cancel: { userId: string; key: string; reservationId: string },
): Promise<Reservation> {
  const [row] = await db.call(
    (sql) => sql<[{ answer: Outcome }]>`select cancel_reservation(
      ${cancel.userId}, ${cancel.key}, ${cancel.reservationId}
    ) as answer`,
  )
  return loadReservation(db, expectOutcome(row.answer, 'Cancelled').reservationId)
}

/** The reservations with these ids, of any user, in any order. */
export const loadReservations = (db: Database, ids: readonly string[]): Promise<Reservation[]> =>
  db.call(
    (sql) => sql<Reservation[]>`select ${columns(sql)} from reservations where id = any(${ids}::uuid[])`,
  )

async function loadReservation(db: Database, id: string): Promise<Reservation> {
  const [found] = await loadReservations(db, [id])
  if (!found) throw new Error(`reservation ${id} is gone`)
  return found
}

/** One page of a user's reservations, the oldest first. @param statuses only reservations with one of these now */
export const listReservations = (
  db: Database,
  userId: string,
  page: PageArgs,
  statuses?: readonly ReservationStatus[] | null,
): Promise<Reservation[]> =>
  db.call((sql) => {
    const { after, before, direction, limit } = pageBounds(sql, page)
    if (!statuses)
      // Both columns are compared and sorted together, so that no index other than the one on both fits.
      return sql<Reservation[]>`
        select ${columns(sql)} from reservations
        where (user_id, id) > (${userId}, ${after}) and (user_id, id) < (${userId}, ${before})
        order by user_id ${direction}, id ${direction} limit ${limit}`
    // One page for each stored status, and then one page of those: no reservation of another status is read. With equality on
    // both columns the index on (user, status, id) costs least, whatever the statistics are: docs/decisions/014.
    return sql<Reservation[]>`
      select ${columns(sql)} from reservations
      where id = any(array(
        select page.id from unnest(${storedStatuses(statuses)}::text[]) as stored (status) cross join lateral (
          select id from reservations
          where user_id = ${userId} and status = stored.status and id > ${after} and id < ${before}
            and ${currentStatus(sql)} = any(${statuses}::text[])
          order by id ${direction} limit ${limit}
        ) as page
      ))
      order by id ${direction} limit ${limit}`
  })

/** A lapsed hold is stored as HELD until a job ends it. */
const storedStatuses = (statuses: readonly ReservationStatus[]): ReservationStatus[] => [
  ...new Set(statuses.includes('EXPIRED') ? [...statuses, 'HELD' as const] : statuses),
]

/** The reservations with a booking code, in any order. Codes of 32 bits collide rarely: 10 at most. */
export const findByBookingCode = (db: Database, { code }: { code: string }): Promise<Reservation[]> =>
  db.call(
    (sql) => sql<Reservation[]>`
      select ${columns(sql)} from reservations where right(id::text, 8) = ${code} limit 10`,
  )

/**
 * Ends holds that have lapsed, `limit` at most.
 * @returns how many it ended
 */
export async function expireReservations(db: Database, limit: number): Promise<number> {
  const [row] = await db.call(
    (sql) => sql<[{ ended: number }]>`select expire_reservations(${limit}) as ended`,
  )
  return row.ended
}
