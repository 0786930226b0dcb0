/** The seats of a date, live, and the visitor's choice. */
import { signal } from '@preact/signals'
import { SeatChangesDocument } from '../../client/documents.ts'
import type { ResultOf } from '../../client/graphql.ts'
import { client } from '../shared/client.ts'
import { credentials } from './identity.ts'

export type Seat = ResultOf<typeof SeatChangesDocument>['seatChanges']['seats'][number]

/** The server's default. The server decides. */
export const SEATS_MAX = 4
const NEARBY_MAX = 3

export const seats = signal<ReadonlyMap<number, Seat>>(new Map())
export const chosen = signal<readonly number[]>([])
/** While the visitor's own hold is in flight, a seat that becomes held may be theirs. */
export const holding = signal(false)
/** Chosen seats that another buyer has taken. */
export const takenSeats = signal<readonly number[]>([])
/** Whether the visitor has tried to choose more than SEATS_MAX. */
export const limitReached = signal(false)
/** The server has refused the subscription. */
export const loadFailed = signal(false)

/** Subscribes to the seats of a date. @returns what stops it */
export function subscribeToSeats(concertId: string, performanceId: string): () => void {
  seats.value = new Map()
  chosen.value = []
  takenSeats.value = []
  limitReached.value = false
  loadFailed.value = false
  const handlers = {
    onNext: ({ seatChanges: { snapshot, seats: changed } }: ResultOf<typeof SeatChangesDocument>) => {
      const next = new Map(snapshot ? [] : seats.value)
      for (const seat of changed) next.set(seat.number, seat)
      seats.value = next
      const gone = chosen.value.filter((number) => next.get(number)?.status !== 'AVAILABLE')
      if (gone.length > 0 && !holding.value) markTaken(gone)
    },
    onError: () => (loadFailed.value = true),
  }
  return client.subscribe(SeatChangesDocument, { performanceId }, handlers, credentials(concertId))
}

/** Another buyer has taken these: they are not chosen any more. */
export function markTaken(numbers: readonly number[]): void {
  takenSeats.value = numbers
  chosen.value = chosen.value.filter((number) => !numbers.includes(number))
}

/** Chooses a seat, or unchooses it. */
export function choose(number: number): void {
  if (seats.value.get(number)?.status !== 'AVAILABLE') return
  takenSeats.value = []
  const without = chosen.value.filter((other) => other !== number)
  const isNew = without.length === chosen.value.length
  limitReached.value = isNew && without.length >= SEATS_MAX
  if (!limitReached.value) chosen.value = isNew ? [...without, number] : without
}

/** The available seats nearest to these, by number. */
export function nearestAvailable(numbers: readonly number[]): number[] {
  const distance = (number: number): number => Math.min(...numbers.map((one) => Math.abs(one - number)))
  return [...seats.value.values()]
    .filter(({ number, status }) => status === 'AVAILABLE' && !numbers.includes(number))
    .map(({ number }) => number)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, NEARBY_MAX)
    .sort((a, b) => a - b)
}
