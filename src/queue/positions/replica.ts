import { createPositions, positionAfter } from './positions.ts'
import type { Positions, Subscriber } from './positions.ts'
import type { QueueDelta } from '../../redis/pubsub.ts'

/**
 * The line of one concert as far as it is known here. Answers and wake-ups come over two connections, in any order;
 * the versions say which of them knows of which. Whoever's place cannot be told from them has to be read.
 */
export interface Replica {
  readonly positions: Positions
  /** Whom only Redis can tell about. */
  readonly unread: Set<Subscriber>
  remove(reader: Subscriber): void
  /** This one is not in line any more. */
  clearPosition(reader: Subscriber): void
  /** @param wake null: some may have been missed */
  onDelta(wake: QueueDelta | null): void
  /** Brings every place up to the last wake-up that was heard. */
  applyPending(): void
  /** A read is about to be sent; one at a time. */
  beginRead(): PendingRead
  /** Takes notice when wake-ups do not arrive that an answer knew of. @param now milliseconds */
  detectLostDeltas(now: number): void
}

export interface PendingRead {
  /**
   * Takes the answer in; null: there was none.
   * @returns null when it has been overtaken, and everybody has to be read again; otherwise what takes in the
   * position at which a reader was read, and returns the one at which they stand by now, or null: not known any more
   */
  complete(version: number | null): ((reader: Subscriber, position: number) => number | null) | null
}

/** How many wake-ups may wait to be applied, or come during one read. */
const DELTAS_MAX = 5_000
/** Pub/sub is as fast as an answer; what is not there by then was lost. */
const DELTA_DELAY_MS_MAX = 1_000

export function createReplica(): Replica {
  const line = createPositions()
  const unread = new Set<Subscriber>()
  /** Read at a version whose wake-up has not been heard yet. */
  const ahead = new Map<Subscriber, { position: number; version: number }>()
  /** The version that places are of once all that was heard is applied; null: the next answer says. */
  let heard: number | null = null
  /** It comes from an answer, so wake-ups up to it may still arrive. */
  let adopted = false
  let unapplied: QueueDelta[] = []
  /** What was heard since the read under way was sent. */
  let since: QueueDelta[] = []
  let reading = false
  let starts = 0
  let awaited: { version: number; since: number | null } | null = null

  function resync(): void {
    starts += 1
    heard = null
    awaited = null
    unapplied = []
    since = []
    ahead.clear()
    for (const reader of line.subscribers) {
      line.setPosition(reader, null)
      unread.add(reader)
    }
  }

  function hear(wake: QueueDelta | null): void {
    if (wake === null) {
      resync()
      return
    }
    const { version, resyncNeeded: unclear } = wake
    if (adopted && heard !== null && version <= heard) return
    const missed = heard !== null && version !== heard + 1
    if (missed || unclear === 1 || Math.max(unapplied.length, since.length) >= DELTAS_MAX) resync()
    heard = version
    adopted = false
    unapplied.push(wake)
    if (reading) since.push(wake)
  }

  /** Where somebody stands who was at a position at a version, unless later wake-ups are about them. */
  function settle(reader: Subscriber, position: number, later: readonly QueueDelta[]): number | null {
    const now = positionAfter(position, reader.ticket.number, later)
    line.setPosition(reader, now)
    if (now === null) unread.add(reader)
    return now
  }

  function catchUp(): void {
    if (unapplied.length === 0) return
    const wakes = unapplied
    unapplied = []
    for (const reader of line.apply(wakes)) unread.add(reader)
    for (const [reader, { position, version }] of ahead) {
      if (heard === null || version > heard) continue
      ahead.delete(reader)
      const later = wakes.filter((wake) => wake.version > version)
      settle(reader, position, later)
    }
  }

  function send(): PendingRead {
    const sentAfter = heard
    const sentIn = starts
    since = []
    reading = true
    return {
      complete: (version) => {
        reading = false
        if (version === null || sentIn !== starts) return null
        const gap = since[0] !== undefined && since[0].version > version + 1
        if (gap || (sentAfter !== null && version < sentAfter)) {
          resync()
          return null
        }
        if (heard === null) {
          heard = version
          adopted = true
        }
        if (version > heard) awaited ??= { version, since: null }
        catchUp()
        const isAhead = version > heard
        const later = since.filter((wake) => wake.version > version)
        return (reader, position) => {
          ahead.delete(reader)
          if (!isAhead) return settle(reader, position, later)
          line.setPosition(reader, null)
          ahead.set(reader, { position, version })
          return position
        }
      },
    }
  }

  return {
    positions: line,
    unread,
    onDelta: hear,
    applyPending: catchUp,
    beginRead: send,
    remove: (reader) => {
      line.remove(reader)
      unread.delete(reader)
      ahead.delete(reader)
    },
    clearPosition: (reader) => {
      line.setPosition(reader, null)
      ahead.delete(reader)
    },
    detectLostDeltas: (now) => {
      if (awaited === null) return
      if (heard !== null && heard >= awaited.version) awaited = null
      else if (awaited.since === null) awaited.since = now
      else if (now - awaited.since >= DELTA_DELAY_MS_MAX) resync()
    },
  }
}
