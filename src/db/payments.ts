import type postgres from 'postgres'
import type { Payment } from '../domain/reservations.ts'
import type { Database } from './client.ts'
import { expectOutcome, type Outcome } from './outcome.ts'

const columns = (sql: postgres.Sql) => sql`id, reservation_id, user_id, amount, paid_at`

/**
 * Pays for a hold from its owner's balance, and spends its ticket unless that has another live hold.
 * @param payment.paymentId the id of the new payment
 * @param payment.concertId the concert of the queue ticket that the client has sent
 * @returns the payment that belongs to this key; spentTicketNumber: the queue ticket that it spent, or null
 * @throws HoldExpired, AlreadyPaid, InsufficientPoints, ReservationNotFound, IdempotencyKeyReused;
 *   Problem QUEUE_TICKET_INVALID, OVERLOADED
 */
export async function payReservation(
  db: Database,
  payment: { userId: string; key: string; paymentId: string; reservationId: string; concertId: string },
): Promise<Payment & { spentTicketNumber: number | null }> {
  const [row] = await db.call(
    (sql) => sql<[{ answer: Outcome }]>`select pay_reservation(
      ${payment.userId}, ${payment.key}, ${payment.paymentId}, ${payment.reservationId}, ${payment.concertId}
    ) as answer`,
  )
  const outcome = expectOutcome(row.answer, 'Paid')
  const { paymentId, spentTicketNumber = null } = outcome
  if (outcome.payment) {
    const { id, amount, reservation_id: reservationId, user_id: userId, paid_at: paidAt } = outcome.payment
    return { id, reservationId, userId, amount, paidAt: new Date(paidAt), spentTicketNumber }
  }
  const [paid] = await loadPayments(db, [paymentId])
  if (!paid) throw new Error(`payment ${paymentId} is gone`)
  return { ...paid, spentTicketNumber }
}

/** The payments with these ids, of any user, in any order. */
export const loadPayments = (db: Database, ids: readonly string[]): Promise<Payment[]> =>
  db.call((sql) => sql<Payment[]>`select ${columns(sql)} from payments where id = any(${ids}::uuid[])`)

/** The payments for these reservations, in any order. */
export const loadPaymentsByReservation = (
  db: Database,
  reservationIds: readonly string[],
): Promise<Payment[]> =>
  db.call(
    (sql) => sql<Payment[]>`
      select ${columns(sql)} from payments where reservation_id = any(${reservationIds}::uuid[])`,
  )
