/** The places in line of those who listen here, kept up by what wake-ups say, without asking Redis. */
import type { QueueStatus, QueueTicket } from '../../domain/queue.ts'
import type { Sink } from '../../domain/latest-value.ts'
import type { QueueDelta } from '../../redis/pubsub.ts'

/** One subscriber. */
export interface Subscriber {
  readonly ticket: QueueTicket
  readonly sink: Sink<QueueStatus>
  /** When its owner was heard of last. */
  readonly lastSeenAt: () => number
  /** When it was last read as present, and was the last read another one? */
  presentAt: number
  silent: boolean
  /** What it was told last, and when; null: nothing yet. */
  lastSent: QueueStatus | null
  lastSentAt: number
  /** It has to be read by then, so that its ticket does not look absent. */
  readDeadline: number
  /** What its position was when nobody had been taken from the head yet; null: not in line, or not known where. */
  offset: number | null
}

export interface Positions {
  /** In the order of their numbers. */
  readonly subscribers: readonly Subscriber[]
  add(reader: Subscriber): void
  remove(reader: Subscriber): void
  has(reader: Subscriber): boolean
  /** The index of the first reader with this number, or a higher one. */
  lowerBound(number: number): number
  positionOf(reader: Subscriber): number | null
  /** @param position null: not in line, or not known where */
  setPosition(reader: Subscriber, position: number | null): void
  /** Moves everybody as the wake-ups say. @returns those whom they are about, and who have to be read */
  apply(wakes: readonly QueueDelta[]): Set<Subscriber>
}

/** Where a position has gone since; null: the wake-ups are about this ticket itself. */
export function positionAfter(position: number, number: number, wakes: readonly QueueDelta[]): number | null {
  let now = position
  for (const { upTo: through, taken, left, restored: returned } of wakes) {
    if (number <= through || left.includes(number) || returned.includes(number)) return null
    now -= taken
    for (const other of left) if (other < number) now -= 1
    for (const other of returned) if (other < number) now += 1
  }
  return now
}

export function createPositions(): Positions {
  const readers: Subscriber[] = []
  /** How many were taken from the head. */
  let taken = 0

  function from(number: number): number {
    let [low, high] = [0, readers.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((readers[middle] as Subscriber).ticket.number < number) low = middle + 1
      else high = middle
    }
    return low
  }

  function withNumber(number: number): Subscriber[] {
    const start = from(number)
    let end = start
    while (readers[end]?.ticket.number === number) end += 1
    return readers.slice(start, end)
  }

  /** Moves those behind somebody who left the line, or went back in, away from its head. */
  function shift(wakes: readonly QueueDelta[]): void {
    const steps = wakes.flatMap(({ left, restored: returned }) => [
      ...left.map((number) => ({ number, by: -1 })),
      ...returned.map((number) => ({ number, by: 1 })),
    ])
    if (steps.length === 0) return
    steps.sort((a, b) => a.number - b.number)
    let step = 0
    let by = 0
    for (let index = from((steps[0] as { number: number }).number); index < readers.length; index++) {
      const reader = readers[index] as Subscriber
      for (let next = steps[step]; next && next.number < reader.ticket.number; next = steps[step]) {
        by += next.by
        step += 1
      }
      if (reader.offset !== null) reader.offset += by
    }
  }

  return {
    subscribers: readers,
    lowerBound: from,
    add: (reader) => {
      readers.splice(from(reader.ticket.number + 1), 0, reader)
    },
    remove: (reader) => {
      const index = readers.indexOf(reader, from(reader.ticket.number))
      if (index >= 0) readers.splice(index, 1)
    },
    has: (reader) => withNumber(reader.ticket.number).includes(reader),
    positionOf: ({ offset: mark }) => (mark === null ? null : mark - taken),
    setPosition: (reader, position) => {
      reader.offset = position === null ? null : position + taken
    },
    apply: (wakes) => {
      shift(wakes)
      const concerned = new Set<Subscriber>()
      let through = 0
      for (const wake of wakes) {
        taken += wake.taken
        through = Math.max(through, wake.upTo)
        for (const number of [...wake.left, ...wake.restored, ...wake.changed])
          for (const reader of withNumber(number)) concerned.add(reader)
      }
      for (let index = 0; index < readers.length; index++) {
        const reader = readers[index] as Subscriber
        if (reader.ticket.number > through) break
        if (reader.offset !== null) concerned.add(reader)
      }
      for (const reader of concerned) reader.offset = null
      return concerned
    },
  }
}
