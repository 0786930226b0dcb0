import { RedisPubSub } from 'graphql-redis-subscriptions'
import type { Redis } from 'ioredis'
import { within } from '../domain/deadline.ts'
import type { RedisConnection } from './client.ts'
import { createKeys } from './keys.ts'

/** What a script has changed in a queue, as lua/lib/wake.lua says it. */
export interface QueueWake {
  /** One more than that of the wake-up before. */
  version: number
  /** When it was said, in milliseconds since 1970, by the clock of Redis. */
  at: number
  /** 1: nobody is let in. */
  paused: number
  /** How many were taken from the head of the line, admitted or skipped. */
  taken: number
  /** The last number that was taken. */
  through: number
  /** Numbers that left the line, from anywhere. */
  left: readonly number[]
  /** Numbers that went back in at their own place. */
  returned: readonly number[]
  /** Tickets that changed outside of the line. */
  about: readonly number[]
  /** 1: more has happened than a message should say. */
  unclear: number
}

/** Stops listening. */
export type Stop = () => void

export interface Wakeups {
  /** Says that seats of a performance changed. Throws Problem OVERLOADED. */
  publishSeats(performanceId: string): Promise<void>
  /**
   * Both resolve when Redis has confirmed the subscription: read after that, and nothing is missed. They never
   * reject; while Redis is away they wait. `onWake` also runs after the connection was lost and is back,
   * because messages may have been missed; for a queue it gets null then.
   */
  listenSeats(performanceId: string, onWake: () => void): Promise<Stop>
  listenQueue(concertId: string, onWake: (wake: QueueWake | null) => void): Promise<Stop>
}

const RESUBSCRIBE_MS = 1_000
/** How long the answer to a SUBSCRIBE may take while Redis is there. */
const SUBSCRIBE_MS_MAX = 2_000

/** Wake-ups between instances, over Redis pub/sub. */
export function createWakeups(options: { connection: RedisConnection; prefix?: string }): Wakeups {
  const { redis, subscriber, call } = options.connection
  const keys = createKeys(options.prefix)
  neverReject(subscriber)
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
    onMessage: (wake: QueueWake) => void,
    onMissed: () => void,
  ): Promise<Stop> {
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
    listenSeats: (performanceId, onWake) => listen(keys.seatsChannel(performanceId), () => onWake(), onWake),
    listenQueue: (concertId, onWake) => listen(keys.queueChannel(concertId), onWake, () => onWake(null)),
  }
}

type Subscribing = (channels: unknown, done?: (error: null) => void) => Promise<unknown>

/**
 * RedisPubSub and ioredis drop the promises of some (un)subscriptions, and one that is refused or cut short
 * would end the process. A refused SUBSCRIBE is tried again instead, until the connection is closed for good; and so
 * is one without an answer, for ioredis forgets one that it sent before a connection was ready, if that is lost.
 */
function neverReject(subscriber: Redis): void {
  const own = subscriber as unknown as Record<'subscribe' | 'unsubscribe' | 'punsubscribe', Subscribing>
  for (const name of ['unsubscribe', 'punsubscribe'] as const) {
    const run = own[name].bind(subscriber)
    own[name] = (channels) => run(channels).catch(() => undefined)
  }
  const subscribe = own.subscribe.bind(subscriber)
  own.subscribe = async (channels, done) => {
    // ioredis would send it while it still asks whether Redis has read its file, and Redis answers no such question then.
    if (done && subscriber.status === 'connect') {
      again(channels, done)
      return
    }
    try {
      await within(SUBSCRIBE_MS_MAX, subscribe(channels))
      done?.(null)
    } catch {
      // Without `done` it is ioredis that renews its subscriptions, and will do so again by itself.
      if (done) again(channels, done)
    }
  }
  // Only over a connection that is there: what waits for one must not grow with every try.
  const again: (...args: Required<Parameters<Subscribing>>) => void = (channels, done) => {
    if (subscriber.status === 'end') return
    const retry = (): void => {
      if (subscriber.status === 'ready') void own.subscribe(channels, done)
      else again(channels, done)
    }
    setTimeout(retry, RESUBSCRIBE_MS).unref()
  }
}
