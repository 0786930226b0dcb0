import type { Context } from './context.ts'
import type { PageArgs } from '../domain/pagination.ts'
import * as reservationsDb from '../db/reservations.ts'
import type { Reservation } from '../domain/reservations.ts'
import { canView, requireOwnTicket } from './authorization.ts'
import { invalidate } from './invalidate.ts'
import { enforceRateLimits } from './rate-limits.ts'

/** Longer than a hold may take until the queue has its event from the outbox, and extends the admission. */
const HOLDING_MS_MAX = 10_000

interface HoldSeatsInput {
  performanceId: string
  seatNumbers: readonly number[]
  idempotencyKey: string
}

/**
 * One SQL function holds all the seats or none. It is called for a ticket that is not admitted, too: it repeats the answer of an
 * earlier call with the same key.
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, NOT_ADMITTED, NOT_FOUND, RATE_LIMITED, OVERLOADED;
 *   SeatTaken, SeatNotFound, SeatLimitExceeded, SalesClosed, IdempotencyKeyReused
 */
export async function holdSeats(
  _: unknown,
  { input }: { input: HoldSeatsInput },
  context: Context,
): Promise<Reservation> {
  const ticket = requireOwnTicket(context)
  await enforceRateLimits(context, ['holdsPerUser', ticket.userId])
  const { status, turnLeftMs } = await context.queue.useToHold(ticket, HOLDING_MS_MAX)
  const held = await reservationsDb
    .holdSeats(context.db, {
      key: input.idempotencyKey,
      reservationId: context.newId(),
      performanceId: input.performanceId,
      seatNumbers: input.seatNumbers,
      ticket,
      admitted: status.kind === 'Admitted',
      holdMs: context.config.holdMs,
      turnLeftMs,
      turnMs: context.config.queueTimes.turnMs,
      seatLimit: context.config.seatsPerUserMax,
    })
    .finally(() => invalidate(context))
  context.wakeRelay()
  context.loaders.admissions.prime(ticket, status)
  return held
}

/**
 * @throws Problem UNAUTHENTICATED, RATE_LIMITED, OVERLOADED;
 *   HoldExpired, AlreadyPaid, ReservationNotFound, IdempotencyKeyReused
 */
export async function cancelReservation(
  _: unknown,
  { input }: { input: { reservationId: string; idempotencyKey: string } },
  context: Context,
): Promise<Reservation> {
  const { userId } = context.viewer()
  await enforceRateLimits(context, ['cancellationsPerUser', userId])
  const cancelled = await reservationsDb
    .cancelReservation(context.db, {
      userId,
      key: input.idempotencyKey,
      reservationId: input.reservationId,
    })
    .finally(() => invalidate(context))
  context.wakeRelay()
  return cancelled
}

export async function reservation(
  _: unknown,
  { id }: { id: string },
  context: Context,
): Promise<Reservation | null> {
  const viewer = context.viewer()
  const found = await context.loaders.reservations.load(id)
  return found && canView(viewer, found.userId) ? found : null
}

export const reservations = (
  page: PageArgs,
  statuses: readonly Reservation['status'][] | null | undefined,
  context: Context,
): Promise<Reservation[]> =>
  reservationsDb.listReservations(context.db, context.viewer().userId, page, statuses)
