import type { QueueDelta } from '../../redis/pubsub.ts'
import type { Subscriber } from './subscriber.ts'

/**
 * The positions of the subscribers on this server, kept up to date by deltas. A ticket taken from the head moves all
 * others, so positions are stored as offsets: position = offset - taken. Then most deltas cost nothing for each subscriber.
 */
export class Positions {
  private readonly ordered: Subscriber[] = []
  /** How many tickets were taken from the head. */
  private taken = 0

  /** In the order of their numbers. */
  get subscribers(): readonly Subscriber[] {
    return this.ordered
  }

  add(subscriber: Subscriber): void {
    this.ordered.splice(this.lowerBound(subscriber.ticket.number + 1), 0, subscriber)
  }

  remove(subscriber: Subscriber): void {
    const index = this.ordered.indexOf(subscriber, this.lowerBound(subscriber.ticket.number))
    if (index >= 0) this.ordered.splice(index, 1)
  }

  has(subscriber: Subscriber): boolean {
    return this.withNumber(subscriber.ticket.number).includes(subscriber)
  }

  withNumber(number: number): Subscriber[] {
    const start = this.lowerBound(number)
    let end = start
    while (this.ordered[end]?.ticket.number === number) end += 1
    return this.ordered.slice(start, end)
  }

  /** The index of the first subscriber with this number, or a higher one. */
  lowerBound(number: number): number {
    let [low, high] = [0, this.ordered.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.ordered[middle] as Subscriber).ticket.number < number) low = middle + 1
      else high = middle
    }
    return low
  }

  /** @returns null: not waiting, or unknown */
  positionOf({ offset }: Subscriber): number | null {
    return offset === null ? null : offset - this.taken
  }

  setPosition(subscriber: Subscriber, position: number | null): void {
    subscriber.offset = position === null ? null : position + this.taken
  }

  /** Moves all positions. @returns the subscribers that left the queue or returned to it; their position is unknown */
  apply(deltas: readonly QueueDelta[]): Set<Subscriber> {
    this.shift(deltas)
    const moved = new Set<Subscriber>()
    let upTo = 0
    for (const delta of deltas) {
      this.taken += delta.taken
      upTo = Math.max(upTo, delta.upTo)
      for (const number of [...delta.left, ...delta.restored])
        for (const subscriber of this.withNumber(number)) moved.add(subscriber)
    }
    for (const subscriber of this.ordered) {
      if (subscriber.ticket.number > upTo) break
      if (subscriber.offset !== null) moved.add(subscriber)
    }
    for (const subscriber of moved) subscriber.offset = null
    return moved
  }

  /** Moves the subscribers behind a ticket that left the queue, or returned to it, away from the head. */
  private shift(deltas: readonly QueueDelta[]): void {
    const steps = deltas.flatMap(({ left, restored }) => [
      ...left.map((number) => ({ number, by: -1 })),
      ...restored.map((number) => ({ number, by: 1 })),
    ])
    steps.sort((a, b) => a.number - b.number)
    const [first] = steps
    if (!first) return
    let step = 0
    let by = 0
    for (let index = this.lowerBound(first.number); index < this.ordered.length; index++) {
      const subscriber = this.ordered[index] as Subscriber
      for (let next = steps[step]; next && next.number < subscriber.ticket.number; next = steps[step]) {
        by += next.by
        step += 1
      }
      if (subscriber.offset !== null) subscriber.offset += by
    }
  }
}

/** A position after these deltas; null: the ticket itself left the queue or returned to it. */
export function positionAfter(
  position: number,
  number: number,
  deltas: readonly QueueDelta[],
): number | null {
  let current = position
  for (const { upTo, taken, left, restored } of deltas) {
    if (number <= upTo || left.includes(number) || restored.includes(number)) return null
    current -= taken
    for (const other of left) if (other < number) current -= 1
    for (const other of restored) if (other < number) current += 1
  }
  return current
}
