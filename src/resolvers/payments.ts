import type { Context } from './context.ts'
import * as paymentsDb from '../db/payments.ts'
import type { Payment, Reservation } from '../domain/reservations.ts'
import { canView, requireOwnTicket } from './authorization.ts'
import { invalidate } from './invalidate.ts'
import { enforceRateLimits } from './rate-limits.ts'

/**
 * The queue is not asked: a live hold proves that its owner was admitted, and Redis may be unreachable. Then the rate limit is
 * not enforced, either.
 * @throws Problem UNAUTHENTICATED, QUEUE_TICKET_INVALID, RATE_LIMITED, OVERLOADED;
 *   HoldExpired, AlreadyPaid, InsufficientPoints, ReservationNotFound, IdempotencyKeyReused
 */
export async function payReservation(
  _: unknown,
  { input }: { input: { reservationId: string; idempotencyKey: string } },
  context: Context,
): Promise<Payment> {
  const ticket = requireOwnTicket(context)
  await enforceRateLimits(context, ['paymentsPerUser', ticket.userId])
  const paid = await paymentsDb
    .payReservation(context.db, {
      userId: ticket.userId,
      key: input.idempotencyKey,
      paymentId: context.newId(),
      reservationId: input.reservationId,
      concertId: ticket.concertId,
    })
    .finally(() => invalidate(context))
  context.wakeRelay()
  // Redis learns of it from the outbox. The rest of this operation is answered as if it had already.
  if (paid.spentTicketNumber === ticket.number) {
    context.loaders.admissions.prime(ticket, { kind: 'Finished', at: paid.paidAt })
  }
  return paid
}

export async function payment(_: unknown, { id }: { id: string }, context: Context): Promise<Payment | null> {
  const viewer = context.viewer()
  const found = await context.loaders.payments.load(id)
  return found && canView(viewer, found.userId) ? found : null
}

export const paymentOf = ({ id }: Reservation, _: unknown, { loaders }: Context): Promise<Payment | null> =>
  loaders.paymentsByReservation.load(id)

export async function reservationOf(
  { reservationId }: Payment,
  _: unknown,
  { loaders }: Context,
): Promise<Reservation> {
  const found = await loaders.reservations.load(reservationId)
  if (!found) throw new Error(`reservation ${reservationId} is missing`)
  return found
}
