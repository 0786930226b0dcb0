/** The seats of a date as they stand, live, and choosing among them. */
import { signal } from '@preact/signals'
import type { ResultOf } from '../shared/graphql.ts'
import { WatchSeats } from './documents.ts'
import { credentials, streams } from './session.ts'

export type Seat = ResultOf<typeof WatchSeats>['seatChanges']['seats'][number]

/** The server’s default; it is the one that decides. */
const SEATS_MAX = 4
const NEARBY_MAX = 3

export const seats = signal<ReadonlyMap<number, Seat>>(new Map())
export const chosen = signal<readonly number[]>([])
/** While our own hold is under way, a seat that is taken may be taken by us. */
export const holding = signal(false)
/** Seats that somebody else was faster with. */
export const lost = signal<readonly number[]>([])

/** Follows the seats of a date. @returns what stops it */
export function followSeats(concertId: string, performanceId: string): () => void {
  seats.value = new Map()
  chosen.value = []
  lost.value = []
  return streams.subscribe(WatchSeats, { performanceId }, credentials(concertId), {
    onValue: ({ seatChanges: { snapshot, seats: changed } }) => {
      const next = new Map(snapshot ? [] : seats.value)
      for (const seat of changed) next.set(seat.number, seat)
      seats.value = next
      // Who is faster has it: what cannot be had any more is not chosen any more.
      const gone = chosen.value.filter((number) => next.get(number)?.status !== 'AVAILABLE')
      if (gone.length > 0 && !holding.value) lose(gone)
    },
    onEnd: () => undefined,
  })
}

/** Somebody else has these: they cannot be chosen any more. */
export function lose(numbers: readonly number[]): void {
  lost.value = numbers
  chosen.value = chosen.value.filter((number) => !numbers.includes(number))
}

export function choose(number: number): void {
  if (seats.value.get(number)?.status !== 'AVAILABLE') return
  lost.value = []
  const without = chosen.value.filter((other) => other !== number)
  chosen.value = without.length < chosen.value.length ? without : [...without, number].slice(-SEATS_MAX)
}

/** The free seats that are nearest to these, by their numbers. */
export function freeNear(numbers: readonly number[]): number[] {
  const distance = (number: number): number => Math.min(...numbers.map((one) => Math.abs(one - number)))
  return [...seats.value.values()]
    .filter(({ number, status }) => status === 'AVAILABLE' && !numbers.includes(number))
    .map(({ number }) => number)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, NEARBY_MAX)
    .sort((a, b) => a - b)
}
