import type { QueueStatus, QueueTicket } from '../../domain/queue.ts'
import { latestValue } from '../../domain/latest-value.ts'
import type { PubSub } from '../../redis/pubsub.ts'
import { Broadcaster } from './broadcaster.ts'
import type { ObservePushLatency } from './push-latency.ts'
import { Subscriber } from './subscriber.ts'
import type { ReadStatuses } from './ticket-reader.ts'

const POLL_MS_MAX = 5_000

export interface SubscriptionOptions {
  read: ReadStatuses
  pubsub: PubSub
  /** How long a waiting ticket may be unseen. A subscribed one is read several times within this, in milliseconds. */
  graceMs: number
  observePushLatency?: ObservePushLatency | undefined
  /** The longest time in which a lost delta goes unnoticed, in milliseconds. */
  pollMsMax?: number
}

/**
 * Streams of the status of tickets: the current one first, then every change; they complete after the last. While Redis
 * is away a stream sends nothing, and continues when it is back. All subscribers of a concert share one broadcaster, which
 * exists from the first to the last of them.
 */
export function createTicketSubscriptions({
  read,
  pubsub,
  graceMs,
  observePushLatency = () => undefined,
  pollMsMax = POLL_MS_MAX,
}: SubscriptionOptions) {
  const broadcasters = new Map<string, Broadcaster>()
  const presenceMs = graceMs / 4
  const pollMs = Math.min(pollMsMax, presenceMs)

  function broadcasterOf(concertId: string): Broadcaster {
    const existing = broadcasters.get(concertId)
    if (existing) return existing
    const created = new Broadcaster(concertId, { read, pubsub, pollMs, presenceMs, observePushLatency })
    broadcasters.set(concertId, created)
    return created
  }

  return (
    ticket: QueueTicket,
    lastSeenAt: () => number = () => Infinity,
  ): AsyncIterableIterator<QueueStatus> =>
    latestValue((sink) => {
      const broadcaster = broadcasterOf(ticket.concertId)
      const subscriber = new Subscriber(ticket, sink, lastSeenAt)
      broadcaster.add(subscriber)
      return () => {
        const isLast = broadcaster.remove(subscriber)
        if (!isLast || broadcasters.get(ticket.concertId) !== broadcaster) return
        broadcasters.delete(ticket.concertId)
        broadcaster.stop()
      }
    })
}
