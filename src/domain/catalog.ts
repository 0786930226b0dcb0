/** What is sold: concerts, their dates, and the seats of a date. */
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

/** By number, the seats of a performance that somebody has; all others are available. */
export type TakenSeats = ReadonlyMap<number, 'HELD' | 'SOLD'>

export interface Seat {
  number: number
  price: number
  status: SeatStatus
}

/** A message to a subscriber: first every seat of a performance, then only the seats that changed. */
export interface SeatChanges {
  performanceId: string
  snapshot: boolean
  seats: readonly Seat[]
}

/** What `createConcert` asks for; already checked against the bounds of a single value. */
export interface NewConcert {
  title: string
  performances: { startsAt: Date; seatCount: number; seatPrice: number }[]
  queueCapacity: number
  queueRatePerSecond: number | null
}

/** Every seat of a performance, in order. */
export function seatMap(performance: Performance, taken: TakenSeats): Seat[] {
  return Array.from({ length: performance.seatCount }, (_, index) => ({
    number: index + 1,
    price: performance.seatPrice,
    status: taken.get(index + 1) ?? 'AVAILABLE',
  }))
}

/**
 * The seats that look different in `after`. Both lists are of the same performance, in seat order.
 * @returns the seats as they are in `after`
 */
export const changedSeats = (before: readonly Seat[], after: readonly Seat[]): Seat[] =>
  after.filter((seat, index) => before[index]?.status !== seat.status)
