import type { Context } from './context.ts'
import * as paymentsDb from '../db/payments.ts'
import type { Payment, Reservation } from '../domain/reservations.ts'
import { canView, requireOwnTicket } from './authorization.ts'
import { enforceRateLimits } from './rate-limits.ts'

/** The queue is not asked: a live hold proves that its owner was let in, and Redis may be away. Then nobody counts, either. */
export async function payReservation(
  _: unknown,
  { input }: { input: { reservationId: string; idempotencyKey: string } },
  context: Context,
): Promise<Payment> {
  const ticket = requireOwnTicket(context)
  await enforceRateLimits(context, ['paymentsPerUser', ticket.userId])
  const paid = await paymentsDb.payReservation(context.db, {
    userId: ticket.userId,
    key: input.idempotencyKey,
    paymentId: context.newId(),
    reservationId: input.reservationId,
    concertId: ticket.concertId,
  })
  context.wakeRelay()
  // This operation may have seen them before.
  context.loaders.reservations.clear(paid.reservationId)
  context.loaders.paymentsOf.clear(paid.reservationId)
  // The queue hears of it in a moment. What else this operation asks for is answered as if it had.
  context.loaders.admissions.clear(ticket)
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

export const paymentOf = (reservation: Reservation, _: unknown, context: Context): Promise<Payment | null> =>
  context.loaders.paymentsOf.load(reservation.id)

export async function reservationOf(payment: Payment, _: unknown, context: Context): Promise<Reservation> {
  const found = await context.loaders.reservations.load(payment.reservationId)
  if (!found) throw new Error(`reservation ${payment.reservationId} is gone`)
  return found
}
