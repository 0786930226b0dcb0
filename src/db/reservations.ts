import { asc, desc, sql as fragment } from 'drizzle-orm'
import type { QueueTicket } from '../domain/queue.ts'
import type { Reservation } from '../domain/reservations.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'
import type { PageArgs } from '../domain/pagination.ts'
import { boundsOf, defineLoad, defineRead, isOneOf, isOnPageOf, type PageBounds, isOnPage } from './read.ts'
import { reservations } from './tables.ts'

const columns = {
  id: reservations.id,
  performanceId: reservations.performanceId,
  userId: reservations.userId,
  seatNumbers: reservations.seatNumbers,
  price: reservations.price,
  /** A hold that has lapsed reads as EXPIRED, whether or not anybody has tidied it up. */
  status: fragment<
    Reservation['status']
  >`case when ${reservations.status} = 'HELD' and ${reservations.heldUntil} <= read_clock()
    then 'EXPIRED' else ${reservations.status} end`,
  heldUntil: reservations.heldUntil,
}

/**
 * Holds all of the wanted seats, or none.
 * @param hold.reservationId the id it gets if it succeeds
 * @param hold.seatNumbers distinct
 * @param hold.admitted does the queue say that the ticket is admitted? If not, only an earlier answer is repeated
 * @param hold.turnLeftMs how long the turn can still last, as the queue says: the hold lasts no longer
 * @param hold.turnMs the longest that a turn lasts: no hold lasts longer than that after the first with this ticket
 * @returns the reservation that this key stands for, as it is now
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
  const { reservationId, reservation: made } = expectOutcome(row.answer, 'Held')
  if (!made) return reservationOf(db, reservationId)
  return {
    id: made.id,
    performanceId: made.performance_id,
    userId: made.user_id,
    seatNumbers: made.seat_numbers,
    price: made.price,
    status: made.status,
    heldUntil: new Date(made.held_until),
  }
}

/**
 * Gives up a hold.
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
  return reservationOf(db, expectOutcome(row.answer, 'Cancelled').reservationId)
}

/** The reservations of these ids, as they stand, in any order, whoever they belong to. */
export const loadReservations = defineLoad<Reservation[]>((orm) =>
  orm.select(columns).from(reservations).where(isOneOf(reservations.id)),
)

async function reservationOf(db: Database, id: string): Promise<Reservation> {
  const [found] = await loadReservations(db, [id])
  if (!found) throw new Error(`reservation ${id} is gone`)
  return found
}

const readPage = (order: typeof asc) =>
  defineRead<PageBounds & { owner: string }, Reservation[]>((orm) =>
    orm
      .select(columns)
      .from(reservations)
      .where(isOnPageOf(reservations.userId, reservations.id))
      .orderBy(order(reservations.userId), order(reservations.id))
      .limit(fragment.placeholder('limit')),
  )
const readFirst = readPage(asc)
const readLast = readPage(desc)

type Status = Reservation['status']

/** A hold that has lapsed is HELD in the table until it is tidied up. */
const storedAs = (statuses: readonly Status[]): Status[] => [
  ...new Set(statuses.includes('EXPIRED') ? [...statuses, 'HELD' as const] : statuses),
]

/** As PostgreSQL reads an array of words. */
const arrayOf = (statuses: readonly Status[]): string => `{${statuses.join()}}`

/**
 * A page of each status, and of those the page: no reservation of another status is read. With equality on both columns the
 * index on (user, status, id) costs least, whatever the statistics are. See docs/decisions/013.
 */
const readPageOf = (order: typeof asc) =>
  defineRead<PageBounds & { userId: string; stored: string; statuses: string }, Reservation[]>((orm) => {
    const { placeholder } = fragment
    const { userId, status, id } = reservations
    const ids = fragment`select page.id
      from unnest(${placeholder('stored')}::text[]) as stored (status) cross join lateral (
        select ${id} from ${reservations}
        where ${userId} = ${placeholder('userId')} and ${status} = stored.status and ${isOnPage(id)}
          and ${columns.status} = any(${placeholder('statuses')}::text[])
        order by ${order(id)} limit ${placeholder('limit')}
      ) as page`
    return orm
      .select(columns)
      .from(reservations)
      .where(fragment`${id} = any(array(${ids}))`)
      .orderBy(order(id))
      .limit(placeholder('limit'))
  })
const readFirstOf = readPageOf(asc)
const readLastOf = readPageOf(desc)

/**
 * One page of a user's reservations, the oldest first.
 * @param statuses only those that stand so now
 */
export function listReservations(
  db: Database,
  userId: string,
  page: PageArgs,
  statuses?: readonly Status[] | null,
): Promise<Reservation[]> {
  const bounds = boundsOf(page)
  if (!statuses) return (page.fromEnd ? readLast : readFirst)(db, { owner: userId, ...bounds })
  const wanted = { userId, ...bounds, statuses: arrayOf(statuses), stored: arrayOf(storedAs(statuses)) }
  return (page.fromEnd ? readLastOf : readFirstOf)(db, wanted)
}

/** Two tickets in four billion have the same code; nobody reads through more of them. */
const SAME_CODE_MAX = 10

/** The reservations with a booking code, in any order: more than one only by chance. */
export const findByBookingCode = defineRead<{ code: string }, Reservation[]>((orm) =>
  orm
    .select(columns)
    .from(reservations)
    .where(fragment`right(${reservations.id}::text, 8) = ${fragment.placeholder('code')}`)
    .limit(SAME_CODE_MAX),
)

/**
 * Ends holds that have lapsed, `limit` at the most.
 * @returns how many it ended
 */
export async function expireReservations(db: Database, limit: number): Promise<number> {
  const [row] = await db.call(
    (sql) => sql<[{ ended: number }]>`select expire_reservations(${limit}) as ended`,
  )
  return row.ended
}
