/** The operations of buyers and operators: those of client/, and two that only a fault run needs. */
import * as documents from '../../client/documents.ts'
import { textOf } from '../../client/http.ts'

/** By the field of the operation. */
export const operations = {
  issueQueueToken: documents.IssueQueueTokenDocument,
  queueTicket: documents.QueueTicketDocument,
  leaveQueue: documents.LeaveQueueDocument,
  performances: `query ($concertId: ID!) {
    performances(concertId: $concertId, bookableOnly: false) { id seats(status: null) { number status } } }`,
  holdSeats: documents.HoldSeatsDocument,
  cancelReservation: documents.CancelReservationDocument,
  payReservation: documents.PayReservationDocument,
  chargePoints: documents.ChargePointsDocument,
  reservation: documents.ReservationDocument,
  node: `query ($id: ID!) { node(id: $id) { id } }`,
  points: documents.PointsDocument,
  updateQueue: documents.UpdateQueueDocument,
  createConcert: documents.CreateConcertDocument,
}

export type Op = keyof typeof operations

/** The field of a mutation's payload that it is about. */
const SUBJECTS: Partial<Record<Op, string>> = {
  issueQueueToken: 'ticket',
  leaveQueue: 'ticket',
  holdSeats: 'reservation',
  cancelReservation: 'reservation',
  payReservation: 'payment',
  chargePoints: 'account',
  updateQueue: 'queue',
  createConcert: 'concert',
}

/** The fields of what an operation is about, or of its refusal. A list is under `list`. */
export function fieldsOf(op: Op, value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return { list: value as unknown[] }
  const fields = value as Record<string, unknown>
  return (fields[SUBJECTS[op] ?? ''] as Record<string, unknown> | undefined) ?? fields
}

/** The operations that take an idempotency key. */
export const idempotentOperations: ReadonlySet<Op> = new Set<Op>([
  'holdSeats',
  'cancelReservation',
  'payReservation',
  'chargePoints',
])

export const ticketSubscription = textOf(documents.QueueTicketChangesDocument)
