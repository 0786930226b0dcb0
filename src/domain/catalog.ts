/** Concerts, their dates, and the seats of a date. */
import type { QueueSettings } from './queue.ts'

export interface Concert {
  id: string
  title: string
  queueSettings: QueueSettings
}

/** One date of a concert. Its seats are numbered from 1 to `seatCount` and all cost the same. */
export interface Performance {
  id: string
  concertId: string
  startsAt: Date
  seatCount: number
  seatPrice: number
}

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'SOLD'

/** By number, the seats of a performance that are held or sold; all others are available. */
export type TakenSeats = ReadonlyMap<number, 'HELD' | 'SOLD'>

/** Which seat of which performance. */
export interface SeatKey {
  performanceId: string
  number: number
}

export interface Seat extends SeatKey {
  price: number
  status: SeatStatus
}

/** A message to a subscriber. The first one has every seat of a performance, later ones the seats that changed. */
export interface SeatChanges {
  performanceId: string
  /** Seats that are held or sold now. */
  takenCount: number
  snapshot: boolean
  seats: readonly Seat[]
}

/** The input of `createConcert`, with every single value validated. */
export interface NewConcert {
  title: string
  performances: { startsAt: Date; seatCount: number; seatPrice: number }[]
  queueCapacity: number
  queueRatePerSecond: number | null
}

/** Every seat of a performance, in order. */
export function seatMap(performance: Performance, taken: TakenSeats): Seat[] {
  return Array.from({ length: performance.seatCount }, (_, index) => ({
    performanceId: performance.id,
    number: index + 1,
    price: performance.seatPrice,
    status: taken.get(index + 1) ?? 'AVAILABLE',
  }))
}

/** The seats whose status differs, as they are in `after`. Both lists have all seats of one performance, in order. */
export const changedSeats = (before: readonly Seat[], after: readonly Seat[]): Seat[] =>
  after.filter((seat, index) => before[index]?.status !== seat.status)
