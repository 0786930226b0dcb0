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

interface ReservationFacts {
  reservationId: string
  concertId: string
  performanceId: string
  userId: string
  seatNumbers: number[]
  price: number
}

/** The queue ticket behind it; spendsTicket: it has paid for seats, and holds nothing any more. */
interface TicketFacts {
  ticketNumber: number
  spendsTicket: boolean
}

interface Described<Type extends EventType, Data> {
  /** Grows with time for the same reservation; the same event delivered twice has the same id. */
  id: string
  type: Type
  occurredAt: Date
  data: Data
}

export type OutboxEvent =
  | Described<'reservation.held', ReservationFacts & { heldUntil: string; ticketNumber: number }>
  | Described<'reservation.expired', ReservationFacts & TicketFacts>
  | Described<'reservation.cancelled', ReservationFacts & TicketFacts>
  | Described<'payment.completed', ReservationFacts & TicketFacts & { paymentId: string }>
  | Described<'queue.left', { userId: string; concertId: string; ticketNumber: number }>
  | Described<'queue.updated', { concertId: string }>

export type ReservationEvent = Exclude<OutboxEvent, { type: 'queue.updated' | 'queue.left' }>
