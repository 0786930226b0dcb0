import type { QueueStatus, QueueTicket } from '../../domain/queue.ts'
import { latestValue } from '../../domain/latest-value.ts'
import type { ObservePushLatency } from './push-latency.ts'
import type { PubSub } from '../../redis/pubsub.ts'
import { createBroadcaster } from './broadcaster.ts'
import type { Subscriber } from './positions.ts'
import type { ReadStatuses, Broadcaster } from './broadcaster.ts'

const POLL_MS_MAX = 5_000

export interface SubscriptionOptions {
  read: ReadStatuses
  pubsub: PubSub
  /** A watched ticket must never look absent, so it is read several times within this, in milliseconds. */
  graceMs: number
  observePushLatency?: ObservePushLatency | undefined
  /** The longest time in which a wake-up that was lost goes unnoticed, in milliseconds. */
  pollMsMax?: number
}

/**
 * Pushes the status of tickets: the one at hand first, then every change, and completes after the last. While
 * Redis is away a stream says nothing, and goes on when it is back. One watcher serves all subscribers of a
 * concert; it comes with the first and goes with the last.
 */
export function createTicketSubscriptions({
  read,
  pubsub,
  graceMs,
  observePushLatency = () => undefined,
  pollMsMax: repairMsMax = POLL_MS_MAX,
}: SubscriptionOptions) {
  const watchers = new Map<string, Broadcaster>()
  const presenceMs = graceMs / 4
  const repairMs = Math.min(repairMsMax, presenceMs)

  function watcherOf(concertId: string): Broadcaster {
    const present = watchers.get(concertId)
    if (present) return present
    const created = createBroadcaster(
      concertId,
      read,
      pubsub,
      { pollMs: repairMs, presenceMs },
      observePushLatency,
    )
    watchers.set(concertId, created)
    return created
  }

  return (ticket: QueueTicket, lastSeenAt: () => number = always): AsyncIterableIterator<QueueStatus> =>
    latestValue((feed) => {
      const watcher = watcherOf(ticket.concertId)
      const reader: Subscriber = {
        ticket,
        sink: feed,
        lastSeenAt,
        presentAt: -Infinity,
        silent: false,
        lastSent: null,
        lastSentAt: 0,
        readDeadline: Infinity,
        offset: null,
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
