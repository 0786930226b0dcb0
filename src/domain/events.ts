/**
 * The events of the outbox, inserted by the SQL functions and delivered at least once. docs/events.md documents their fields for
 * consumers.
 */
export type EventType =
  | 'reservation.held'
  | 'reservation.expired'
  | 'reservation.cancelled'
  | 'payment.completed'
  | 'queue.updated'
  | 'queue.left'

interface ReservationData {
  reservationId: string
  concertId: string
  performanceId: string
  userId: string
  seatNumbers: number[]
  price: number
}

/** spendsTicket: the queue ticket has paid for seats and has no live hold any more. */
interface TicketData {
  ticketNumber: number
  spendsTicket: boolean
}

interface EventEnvelope<Type extends EventType, Data> {
  /** Increases within a subject. The same event delivered twice has the same id. */
  id: string
  type: Type
  occurredAt: Date
  data: Data
}

export type OutboxEvent =
  | EventEnvelope<'reservation.held', ReservationData & { heldUntil: string; ticketNumber: number }>
  | EventEnvelope<'reservation.expired', ReservationData & TicketData>
  | EventEnvelope<'reservation.cancelled', ReservationData & TicketData>
  | EventEnvelope<'payment.completed', ReservationData & TicketData & { paymentId: string }>
  | EventEnvelope<'queue.left', { userId: string; concertId: string; ticketNumber: number }>
  | EventEnvelope<'queue.updated', { concertId: string }>

export type ReservationEvent = Exclude<OutboxEvent, { type: 'queue.updated' | 'queue.left' }>
