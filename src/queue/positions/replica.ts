import { createLine, moved } from './positions.ts'
import type { Line, Reader } from './positions.ts'
import type { QueueWake } from '../../redis/pubsub.ts'

/**
 * The line of one concert as far as it is known here. Answers and wake-ups come over two connections, in any order;
 * the versions say which of them knows of which. Whoever's place cannot be told from them has to be read.
 */
export interface Mirror {
  readonly line: Line
  /** Whom only Redis can tell about. */
  readonly unread: Set<Reader>
  remove(reader: Reader): void
  /** This one is not in line any more. */
  leave(reader: Reader): void
  /** @param wake null: some may have been missed */
  hear(wake: QueueWake | null): void
  /** Brings every place up to the last wake-up that was heard. */
  catchUp(): void
  /** A read is about to be sent; one at a time. */
  send(): Sent
  /** Takes notice when wake-ups do not arrive that an answer knew of. @param now milliseconds */
  check(now: number): void
}

export interface Sent {
  /**
   * Takes the answer in; null: there was none.
   * @returns null when it has been overtaken, and everybody has to be read again; otherwise what takes in the
   * position at which a reader was read, and returns the one at which they stand by now, or null: not known any more
   */
  receive(version: number | null): ((reader: Reader, position: number) => number | null) | null
}

/** How many wake-ups may wait to be applied, or come during one read. */
const WAKES_MAX = 5_000
/** Pub/sub is as fast as an answer; what is not there by then was lost. */
const LATE_MS_MAX = 1_000

export function createMirror(): Mirror {
  const line = createLine()
  const unread = new Set<Reader>()
  /** Read at a version whose wake-up has not been heard yet. */
  const ahead = new Map<Reader, { position: number; version: number }>()
  /** The version that places are of once all that was heard is applied; null: the next answer says. */
  let heard: number | null = null
  /** It comes from an answer, so wake-ups up to it may still arrive. */
  let adopted = false
  let unapplied: QueueWake[] = []
  /** What was heard since the read under way was sent. */
  let since: QueueWake[] = []
  let reading = false
  let starts = 0
  let awaited: { version: number; since: number | null } | null = null

  function startOver(): void {
    starts += 1
    heard = null
    awaited = null
    unapplied = []
    since = []
    ahead.clear()
    for (const reader of line.readers) {
      line.place(reader, null)
      unread.add(reader)
    }
  }

  function hear(wake: QueueWake | null): void {
    if (wake === null) {
      startOver()
      return
    }
    const { version, unclear } = wake
    if (adopted && heard !== null && version <= heard) return
    const missed = heard !== null && version !== heard + 1
    if (missed || unclear === 1 || Math.max(unapplied.length, since.length) >= WAKES_MAX) startOver()
    heard = version
    adopted = false
    unapplied.push(wake)
    if (reading) since.push(wake)
  }

  /** Where somebody stands who was at a position at a version, unless later wake-ups are about them. */
  function settle(reader: Reader, position: number, later: readonly QueueWake[]): number | null {
    const now = moved(position, reader.ticket.number, later)
    line.place(reader, now)
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

  function send(): Sent {
    const sentAfter = heard
    const sentIn = starts
    since = []
    reading = true
    return {
      receive: (version) => {
        reading = false
        if (version === null || sentIn !== starts) return null
        const gap = since[0] !== undefined && since[0].version > version + 1
        if (gap || (sentAfter !== null && version < sentAfter)) {
          startOver()
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
          line.place(reader, null)
          ahead.set(reader, { position, version })
          return position
        }
      },
    }
  }

  return {
    line,
    unread,
    hear,
    catchUp,
    send,
    remove: (reader) => {
      line.remove(reader)
      unread.delete(reader)
      ahead.delete(reader)
    },
    leave: (reader) => {
      line.place(reader, null)
      ahead.delete(reader)
    },
    check: (now) => {
      if (awaited === null) return
      if (heard !== null && heard >= awaited.version) awaited = null
      else if (awaited.since === null) awaited.since = now
      else if (now - awaited.since >= LATE_MS_MAX) startOver()
    },
  }
}
