/** Held and paid seats. */

export type ReservationStatus = 'HELD' | 'PAID' | 'EXPIRED' | 'CANCELLED' | 'REFUNDED'

export interface Reservation {
  id: string
  performanceId: string
  userId: string
  seatNumbers: number[]
  /** The sum of its seats, in points. */
  price: number
  status: ReservationStatus
  heldUntil: Date
}

export interface Payment {
  id: string
  reservationId: string
  userId: string
  amount: number
  paidAt: Date
}
