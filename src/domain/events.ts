/**
 * What happened to a reservation, as others hear of it: written to the outbox by the SQL function that made
 * it happen, delivered at least once. docs/events.md documents the fields for other services.
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

/** The queue ticket behind it; spendsTicket: it has paid for seats, and holds nothing any more. */
interface TicketData {
  ticketNumber: number
  spendsTicket: boolean
}

interface EventEnvelope<Type extends EventType, Data> {
  /** Grows with time for the same reservation; the same event delivered twice has the same id. */
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
