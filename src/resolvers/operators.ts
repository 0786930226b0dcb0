import type { Context } from './context.ts'
import * as catalogDb from '../db/catalog.ts'
import * as operatorsDb from '../db/audit-log.ts'
import * as queueDb from '../db/queue.ts'
import * as reservationsDb from '../db/reservations.ts'
import type { Concert } from '../domain/catalog.ts'
import type { AuditLogEntry } from '../domain/audit-log.ts'
import type { PageArgs } from '../domain/pagination.ts'
import { Problem } from '../domain/problem.ts'
import type { QueueStatus } from '../domain/queue.ts'
import type { Reservation } from '../domain/reservations.ts'
import { requireOperator } from './authorization.ts'
import { userOrPlaceholder } from './users.ts'

/** Somebody whom an operator looks at. */
export interface Buyer {
  userId: string
}

/** A queue ticket as an operator sees it: without the token, which is its owner's. */
export interface BuyerTicket {
  concertId: string
  number: number
  status: QueueStatus
}

/** The concerts in whose lines a buyer is looked for: the newest. */
const CONCERTS_MAX = 100

/** @throws Problem UNAUTHENTICATED, FORBIDDEN, BAD_INPUT, NOT_FOUND */
export async function buyer(
  _: unknown,
  {
    userId,
    reservationId,
  }: { userId?: string | null | undefined; reservationId?: string | null | undefined },
  context: Context,
): Promise<Buyer> {
  requireOperator(context)
  if (userId && !reservationId) return { userId }
  if (!reservationId || userId) {
    throw new Problem('BAD_INPUT', 'Name a user or a reservation, and not both.')
  }
  const found = await context.loaders.reservations.load(reservationId)
  if (!found) throw new Problem('NOT_FOUND', 'There is no such reservation.')
  return { userId: found.userId }
}

/**
 * Whose ticket it is.
 * @param bookingCode eight hexadecimal digits, in lower case
 * @throws Problem UNAUTHENTICATED, FORBIDDEN
 */
export async function buyersByBookingCode(
  _: unknown,
  { bookingCode }: { bookingCode: string },
  context: Context,
): Promise<Buyer[]> {
  requireOperator(context)
  const found = await reservationsDb.findByBookingCode(context.db, { code: bookingCode })
  return [...new Set(found.map(({ userId }) => userId))].map((userId) => ({ userId }))
}

export const userOf = ({ userId }: Buyer, _: unknown, context: Context) => userOrPlaceholder(userId, context)

export const reservationsOf = ({ userId }: Buyer, page: PageArgs, context: Context): Promise<Reservation[]> =>
  reservationsDb.listReservations(context.db, userId, page)

/** Live tickets by what Redis says, spent ones by the books. */
export async function ticketsOf({ userId }: Buyer, _: unknown, context: Context): Promise<BuyerTicket[]> {
  const newest = { limit: CONCERTS_MAX, after: undefined, before: undefined, fromEnd: true }
  const ids = (await catalogDb.listConcerts(context.db, newest)).map(({ id }) => id)
  const [found, spent] = await Promise.all([
    Promise.all(ids.map((id) => context.queue.find(id, userId))),
    queueDb.listSpentTickets(context.db, { userId, concertIds: ids }),
  ])
  const live = found.flatMap((one) => (one ? [{ ...one.ticket, status: one.status }] : []))
  const finished = spent.map(({ concertId, number, spentAt }) => ({
    concertId,
    number,
    status: { kind: 'Finished' as const, at: spentAt },
  }))
  const isSpent = (ticket: BuyerTicket): boolean =>
    finished.some(({ concertId, number }) => concertId === ticket.concertId && number === ticket.number)
  return [...live.filter((ticket) => !isSpent(ticket)), ...finished]
}

export const operatorActions = (
  concertId: string | null | undefined,
  page: PageArgs,
  context: Context,
): Promise<AuditLogEntry[]> => {
  requireOperator(context)
  return operatorsDb.listAuditLog(context.db, concertId ?? null, page)
}

export const concertOrNull = async (
  { concertId }: AuditLogEntry,
  _: unknown,
  context: Context,
): Promise<Concert | null> => (concertId === null ? null : context.loaders.concerts.load(concertId))
