import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { RedisConnection } from './connection.ts'
import { createKeys } from './keys.ts'

/** What a script has changed in a queue, as queue/lua/lib/delta.lua says it. */
export interface QueueDelta {
  /** One more than that of the wake-up before. */
  version: number
  /** When it was said, in milliseconds since 1970, by the clock of Redis. */
  at: number
  /** 1: nobody is let in. */
  paused: number
  /** How many were taken from the head of the line, admitted or skipped. */
  taken: number
  /** The last number that was taken. */
  upTo: number
  /** Numbers that left the line, from anywhere. */
  left: readonly number[]
  /** Numbers that went back in at their own place. */
  restored: readonly number[]
  /** Tickets that changed outside of the line. */
  changed: readonly number[]
  /** 1: more has happened than a message should say. */
  resyncNeeded: number
}

/** Stops listening. */
export type Unsubscribe = () => void

export interface PubSub {
  /** Says that seats of a performance changed. Throws Problem OVERLOADED. */
  publishSeats(performanceId: string): Promise<void>
  /**
   * Both resolve when Redis has confirmed the subscription: read after that, and nothing is missed. They never
   * reject; while Redis is away they wait. `onWake` also runs after the connection was lost and is back,
   * because messages may have been missed; for a queue it gets null then.
   */
  subscribeSeats(performanceId: string, onWake: () => void): Promise<Unsubscribe>
  subscribeQueue(concertId: string, onWake: (wake: QueueDelta | null) => void): Promise<Unsubscribe>
}

/** Wake-ups between instances, over Redis pub/sub. */
export function createPubSub(options: { connection: RedisConnection; prefix?: string }): PubSub {
  const { redis, subscriber, call } = options.connection
  const keys = createKeys(options.prefix)
  const pubsub = new RedisPubSub({ publisher: redis, subscriber })
  const listeners = new Set<() => void>()

  let lost = false
  subscriber.on('close', () => (lost = true))
  // Subscriptions are renewed in the moment of 'ready', so the answer to a PING comes after theirs.
  subscriber.on('ready', () => {
    if (!lost) return
    subscriber.ping().then(
      () => {
        lost = false
        listeners.forEach((onMissed) => onMissed())
      },
      () => undefined, // lost again: there will be another 'ready'
    )
  })

  async function listen(
    channel: string,
    onMessage: (wake: QueueDelta) => void,
    onMissed: () => void,
  ): Promise<Unsubscribe> {
    const id = await pubsub.subscribe(channel, onMessage)
    // Not `onMissed` itself: the same function may listen twice.
    const missed = (): void => onMissed()
    listeners.add(missed)
    return () => {
      if (listeners.delete(missed)) pubsub.unsubscribe(id)
    }
  }

  return {
    publishSeats: (performanceId) =>
      call(() => pubsub.publish(keys.seatsChannel(performanceId), {}), 'publish'),
    subscribeSeats: (performanceId, onWake) =>
      listen(keys.seatsChannel(performanceId), () => onWake(), onWake),
    subscribeQueue: (concertId, onWake) => listen(keys.queueChannel(concertId), onWake, () => onWake(null)),
  }
}
