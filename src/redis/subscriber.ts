import type { Redis } from 'ioredis'
import { withTimeout } from '../domain/timeout.ts'

const RESUBSCRIBE_MS = 1_000
/** How long the answer to a SUBSCRIBE may take while Redis is there. */
const SUBSCRIBE_MS_MAX = 2_000

type Subscribing = (channels: unknown, done?: (error: null) => void) => Promise<unknown>

/**
 * RedisPubSub and ioredis drop the promises of some (un)subscriptions, and one that is refused or cut short
 * would end the process. A refused SUBSCRIBE is tried again instead, until the connection is closed for good; and so
 * is one without an answer, for ioredis forgets one that it sent before a connection was ready, if that is lost.
 */
export function retrySubscriptions(subscriber: Redis): void {
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
      await withTimeout(SUBSCRIBE_MS_MAX, subscribe(channels))
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
