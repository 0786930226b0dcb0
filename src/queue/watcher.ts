import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { isOver } from '../domain/queue.ts'
import type { QueueStatus, QueueTicket } from '../domain/queue.ts'
import type { Feed } from './latest.ts'
import { isDue } from './pace.ts'
import type { Hint, Watched } from './pace.ts'
import type { Failed } from './settle.ts'
import type { QueueWake, Wakeups } from './wakeups.ts'

export type ReadStatuses = (
  concertId: string,
  tickets: readonly QueueTicket[],
) => Promise<(QueueStatus | Failed)[]>

/** One subscriber. */
export interface Reader extends Watched {
  ticket: QueueTicket
  feed: Feed<QueueStatus>
}

export interface Watcher {
  add(reader: Reader): void
  /** -> is nobody left? */
  remove(reader: Reader): boolean
  stop(): void
}

/** How many tickets one call reads. */
const BATCH_MAX = 500
/** The least time between two rounds of reading: wake-ups in between become one. */
const ROUND_MS = 25
/** How often the clock is looked at for those who are read again without a wake-up. */
const BEAT_MS_MAX = 250

const now = (): number => performance.now()

/** Reads for all subscribers of one concert on this instance; repairMs as in isDue. */
export function createWatcher(
  concertId: string,
  read: ReadStatuses,
  wakeups: Wakeups,
  repairMs: number,
): Watcher {
  const readers = new Set<Reader>()
  const numbers = new Set<number>()
  let through = 0
  let woken = false
  let version: number | null = null
  let running = false
  let listening = false
  let stopped = false

  function onWake(wake: QueueWake | null): void {
    const missed = wake === null || (version !== null && wake.version !== version + 1)
    version = wake?.version ?? null
    woken = true
    through = Math.max(through, missed ? Infinity : wake.admittedThrough)
    if (wake && wake.number > 0) numbers.add(wake.number)
    void run()
  }

  /** Who has to be read now; uses up what the wake-ups have said. */
  function takeDue(): Reader[] {
    const hint: Hint | null = woken ? { through, numbers: new Set(numbers) } : null
    woken = false
    through = 0
    numbers.clear()
    const time = now()
    const due: Reader[] = []
    for (const reader of readers) {
      reader.stale ||= hint !== null
      if (isDue(reader, hint, time, repairMs)) due.push(reader)
    }
    return due
  }

  /** One round after the other until nobody is due; there is never more than one read under way. */
  async function run(): Promise<void> {
    if (running || !listening) return
    running = true
    for (let due = takeDue(); due.length > 0 && !stopped; due = takeDue()) {
      if (!(await readAll(due))) break // the next beat tries again
      await pause(ROUND_MS, undefined, { ref: false })
    }
    running = false
  }

  /** -> did it work for all of them? Whoever it did not work for stays due. */
  async function readAll(due: readonly Reader[]): Promise<boolean> {
    let complete = true
    for (let start = 0; start < due.length; start += BATCH_MAX) {
      const batch = due.slice(start, start + BATCH_MAX)
      const readAt = now()
      batch.forEach((reader) => (reader.stale = false))
      const statuses = await read(
        concertId,
        batch.map(({ ticket }) => ticket),
      ).catch(() => [])
      for (const [index, reader] of batch.entries()) {
        const status = statuses[index]
        if (status && status.kind !== 'Failed') tell(reader, status, readAt)
        else {
          reader.stale = true
          complete = false
        }
      }
    }
    return complete
  }

  function tell(reader: Reader, status: QueueStatus, readAt: number): void {
    const changed = !isDeepStrictEqual(reader.seen, status)
    reader.seen = status
    reader.readAt = readAt
    if (changed) reader.feed.push(status)
    if (!isOver(status)) return
    readers.delete(reader)
    reader.feed.end()
  }

  const beat = setInterval(() => void run(), Math.min(BEAT_MS_MAX, repairMs / 2)).unref()
  const subscription = wakeups.listenQueue(concertId, onWake)
  void subscription.then(() => (listening = true))

  return {
    add: (reader) => {
      readers.add(reader)
      void subscription.then(run)
    },
    remove: (reader) => {
      readers.delete(reader)
      return readers.size === 0
    },
    stop: () => {
      stopped = true
      clearInterval(beat)
      void subscription.then((stop) => stop())
    },
  }
}
