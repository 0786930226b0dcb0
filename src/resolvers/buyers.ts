/** What operators see of a buyer. */
import type { Context } from './context.ts'
import * as catalogDb from '../db/catalog.ts'
import * as reservationsDb from '../db/reservations.ts'
import type { PageArgs } from '../domain/pagination.ts'
import { Problem } from '../domain/problem.ts'
import type { Reservation } from '../domain/reservations.ts'
import { requireOperator } from './authorization.ts'
import { findTickets, type TicketWithStatus } from './queue-tickets.ts'

export interface Buyer {
  userId: string
}

/** A buyer's tickets are looked for in the queues of the newest concerts, this many. */
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

export const reservationsOf = ({ userId }: Buyer, page: PageArgs, { db }: Context): Promise<Reservation[]> =>
  reservationsDb.listReservations(db, userId, page)

export async function ticketsOf(
  { userId }: Buyer,
  _: unknown,
  context: Context,
): Promise<TicketWithStatus[]> {
  const newest = { limit: CONCERTS_MAX, after: undefined, before: undefined, fromEnd: true }
  const concerts = await catalogDb.listConcerts(context.db, newest)
  return findTickets(
    context,
    userId,
    concerts.map(({ id }) => id),
  )
}
