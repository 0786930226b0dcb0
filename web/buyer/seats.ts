/** The seats of a date as they stand, live, and choosing among them. */
import { signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { WatchSeats } from './documents.ts'
import { credentials, subscriptions } from './session.ts'

export type Seat = ResultOf<typeof WatchSeats>['seatChanges']['seats'][number]

/** The server’s default; it is the one that decides. */
export const SEATS_MAX = 4
const NEARBY_MAX = 3

export const seats = signal<ReadonlyMap<number, Seat>>(new Map())
export const chosen = signal<readonly number[]>([])
/** While our own hold is under way, a seat that is taken may be taken by us. */
export const holding = signal(false)
/** Seats that somebody else was faster with. */
export const takenSeats = signal<readonly number[]>([])
/** One more was wanted than one may have. */
export const limitReached = signal(false)
/** The server does not show them, and asking again at once would not help. */
export const loadFailed = signal(false)

/** Follows the seats of a date. @returns what stops it */
export function subscribeToSeats(concertId: string, performanceId: string): () => void {
  seats.value = new Map()
  chosen.value = []
  takenSeats.value = []
  limitReached.value = false
  loadFailed.value = false
  return subscriptions.subscribe(WatchSeats, { performanceId }, credentials(concertId), {
    onValue: ({ seatChanges: { snapshot, seats: changed } }) => {
      const next = new Map(snapshot ? [] : seats.value)
      for (const seat of changed) next.set(seat.number, seat)
      seats.value = next
      // Who is faster has it: what cannot be had any more is not chosen any more.
      const gone = chosen.value.filter((number) => next.get(number)?.status !== 'AVAILABLE')
      if (gone.length > 0 && !holding.value) markTaken(gone)
    },
    onEnd: () => undefined,
    onRefused: () => (loadFailed.value = true),
  })
}

/** Somebody else has these: they cannot be chosen any more. */
export function markTaken(numbers: readonly number[]): void {
  takenSeats.value = numbers
  chosen.value = chosen.value.filter((number) => !numbers.includes(number))
}

/** Chooses a seat, or lets go of it. */
export function choose(number: number): void {
  if (seats.value.get(number)?.status !== 'AVAILABLE') return
  takenSeats.value = []
  const without = chosen.value.filter((other) => other !== number)
  const isNew = without.length === chosen.value.length
  limitReached.value = isNew && without.length >= SEATS_MAX
  if (!limitReached.value) chosen.value = isNew ? [...without, number] : without
}

/** The free seats that are nearest to these, by their numbers. */
export function nearestAvailable(numbers: readonly number[]): number[] {
  const distance = (number: number): number => Math.min(...numbers.map((one) => Math.abs(one - number)))
  return [...seats.value.values()]
    .filter(({ number, status }) => status === 'AVAILABLE' && !numbers.includes(number))
    .map(({ number }) => number)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, NEARBY_MAX)
    .sort((a, b) => a - b)
}
