import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { RedisConnection } from './connection.ts'
import { createKeys } from './keys.ts'

/** What one script has changed in a queue: the message that queue/lua/lib/delta.lua publishes. */
export interface QueueDelta {
  /** One more than that of the delta before. */
  version: number
  /** When it was published: milliseconds since 1970, by the clock of Redis. */
  at: number
  paused: boolean
  /** How many were taken from the head of the queue, admitted or skipped. */
  taken: number
  /** The last number that was taken. */
  upTo: number
  /** Numbers that left the queue, anywhere in it. */
  left: readonly number[]
  /** Numbers that returned to the queue, at their own position. */
  restored: readonly number[]
  /** Admissions that began or whose end changed: the number, and the end in milliseconds since 1970. */
  admitted: readonly (readonly [number: number, until: number])[]
  /** Numbers of tickets that changed in another way. */
  changed: readonly number[]
  /** Too much has changed to list. */
  resyncNeeded: boolean
}

export type Unsubscribe = () => void

export interface PubSub {
  /** Announces that seats of a performance have changed. Throws Problem OVERLOADED. */
  publishSeats(performanceId: string): Promise<void>
  /**
   * Both subscriptions resolve when Redis has confirmed them: what is read after that misses nothing. They never reject,
   * and wait while Redis is away. After a lost connection is back, messages may have been missed: `onChange` is called
   * then too, and `onDelta` with null.
   */
  subscribeSeats(performanceId: string, onChange: () => void): Promise<Unsubscribe>
  subscribeQueue(concertId: string, onDelta: (delta: QueueDelta | null) => void): Promise<Unsubscribe>
}

/** Messages between servers, over Redis pub/sub. */
export function createPubSub(options: { connection: RedisConnection; prefix?: string }): PubSub {
  const { redis, subscriber, call } = options.connection
  const keys = createKeys(options.prefix)
  const pubsub = new RedisPubSub({ publisher: redis, subscriber })
  const reconnectListeners = new Set<() => void>()

  let lost = false
  subscriber.on('close', () => (lost = true))
  // ioredis renews subscriptions on 'ready', so the reply to a PING comes after theirs.
  subscriber.on('ready', () => {
    if (!lost) return
    subscriber.ping().then(
      () => {
        lost = false
        reconnectListeners.forEach((onReconnect) => onReconnect())
      },
      () => undefined, // lost again: another 'ready' follows
    )
  })

  async function subscribe(
    channel: string,
    onMessage: (message: QueueDelta) => void,
    onReconnect: () => void,
  ): Promise<Unsubscribe> {
    const id = await pubsub.subscribe(channel, onMessage)
    // A function of its own, because the same `onReconnect` may be subscribed twice.
    const listener = (): void => onReconnect()
    reconnectListeners.add(listener)
    return () => {
      if (reconnectListeners.delete(listener)) pubsub.unsubscribe(id)
    }
  }

  return {
    publishSeats: (performanceId) =>
      call(() => pubsub.publish(keys.seatsChannel(performanceId), {}), 'publish'),
    subscribeSeats: (performanceId, onChange) =>
      subscribe(keys.seatsChannel(performanceId), () => onChange(), onChange),
    subscribeQueue: (concertId, onDelta) =>
      subscribe(keys.queueChannel(concertId), onDelta, () => onDelta(null)),
  }
}
