import type { Context } from './context.ts'
import type { PageArgs } from '../domain/pagination.ts'
import * as reservationsDb from '../db/reservations.ts'
import type { Seat } from '../domain/catalog.ts'
import type { Reservation } from '../domain/reservations.ts'
import { canView, requireOwnTicket } from './authorization.ts'
import { performanceOf } from './catalog.ts'
import { enforceRateLimits } from './rate-limits.ts'

/** Longer than a hold may take, until the queue has heard of it and keeps its owner in. */
const HOLDING_MS_MAX = 10_000

export async function holdSeats(
  _: unknown,
  { input }: { input: { performanceId: string; seatNumbers: readonly number[]; idempotencyKey: string } },
  context: Context,
): Promise<Reservation> {
  const ticket = requireOwnTicket(context)
  await enforceRateLimits(context, ['holdsPerUser', ticket.userId])
  const { status, turnLeftMs } = await context.queue.useToHold(ticket, HOLDING_MS_MAX)
  context.loaders.admissions.clear(ticket).prime(ticket, status)
  const held = await reservationsDb.holdSeats(context.db, {
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
  context.wakeRelay()
  return invalidate(held, context)
}

export async function cancelReservation(
  _: unknown,
  { input }: { input: { reservationId: string; idempotencyKey: string } },
  context: Context,
): Promise<Reservation> {
  const { userId } = context.viewer()
  await enforceRateLimits(context, ['cancellationsPerUser', userId])
  const cancelled = await reservationsDb.cancelReservation(context.db, {
    userId,
    key: input.idempotencyKey,
    reservationId: input.reservationId,
  })
  context.wakeRelay()
  return invalidate(cancelled, context)
}

/** Has the rest of the operation see what has changed, and not what it may have seen before. */
function invalidate(reservation: Reservation, { loaders }: Context): Reservation {
  loaders.reservations.clear(reservation.id)
  loaders.takenSeats.clear(reservation.performanceId)
  loaders.takenSeatCounts.clear(reservation.performanceId)
  return reservation
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

/** The seats of a reservation, in order, each as it stands for everybody. Others of its date are not gone through. */
export async function seatsOf(reservation: Reservation, _: unknown, context: Context): Promise<Seat[]> {
  const { id, seatPrice } = await performanceOf(reservation, _, context)
  const taken = await context.loaders.takenSeats.load(id)
  return [...new Set(reservation.seatNumbers)]
    .sort((a, b) => a - b)
    .map((number) => ({ number, price: seatPrice, status: taken.get(number) ?? 'AVAILABLE' }))
}
