import type { QueueStatus, QueueTicket } from '../../domain/queue.ts'
import { latest } from '../../domain/latest-value.ts'
import type { OnTold } from './push-latency.ts'
import type { Wakeups } from '../../redis/pubsub.ts'
import { createWatcher } from './broadcaster.ts'
import type { Reader } from './positions.ts'
import type { ReadStatuses, Watcher } from './broadcaster.ts'

const REPAIR_MS_MAX = 5_000

export interface WatchOptions {
  read: ReadStatuses
  wakeups: Wakeups
  /** A watched ticket must never look absent, so it is read several times within this, in milliseconds. */
  graceMs: number
  onTold?: OnTold | undefined
  /** The longest time in which a wake-up that was lost goes unnoticed, in milliseconds. */
  repairMsMax?: number
}

/**
 * Pushes the status of tickets: the one at hand first, then every change, and completes after the last. While
 * Redis is away a stream says nothing, and goes on when it is back. One watcher serves all subscribers of a
 * concert; it comes with the first and goes with the last.
 */
export function createWatch({
  read,
  wakeups,
  graceMs,
  onTold = () => undefined,
  repairMsMax = REPAIR_MS_MAX,
}: WatchOptions) {
  const watchers = new Map<string, Watcher>()
  const presenceMs = graceMs / 4
  const repairMs = Math.min(repairMsMax, presenceMs)

  function watcherOf(concertId: string): Watcher {
    const present = watchers.get(concertId)
    if (present) return present
    const created = createWatcher(concertId, read, wakeups, { repairMs, presenceMs }, onTold)
    watchers.set(concertId, created)
    return created
  }

  return (ticket: QueueTicket, heardAt: () => number = always): AsyncIterableIterator<QueueStatus> =>
    latest((feed) => {
      const watcher = watcherOf(ticket.concertId)
      const reader: Reader = {
        ticket,
        feed,
        heardAt,
        presentAt: -Infinity,
        silent: false,
        told: null,
        toldAt: 0,
        readBy: Infinity,
        mark: null,
      }
      watcher.add(reader)
      return () => {
        if (!watcher.remove(reader) || watchers.get(ticket.concertId) !== watcher) return
        watchers.delete(ticket.concertId)
        watcher.stop()
      }
    })
}

const always = (): number => Infinity
