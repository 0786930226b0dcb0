/**
 * What happened to a reservation, as others hear of it: written to the outbox by the SQL function that made
 * it happen, delivered at least once. docs/events.md documents the fields for other services.
 */
export type EventType =
  'reservation.held' | 'reservation.expired' | 'reservation.cancelled' | 'payment.completed' | 'queue.updated'

interface ReservationFacts {
  reservationId: string
  concertId: string
  performanceId: string
  userId: string
  seatNumbers: number[]
  price: number
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
  | Described<'reservation.expired', ReservationFacts>
  | Described<'reservation.cancelled', ReservationFacts>
  | Described<
      'payment.completed',
      ReservationFacts & { paymentId: string; ticketNumber: number; spendsTicket: boolean }
    >
  | Described<'queue.updated', { concertId: string }>
