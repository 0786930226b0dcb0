import type { Redis } from 'ioredis'
import { withTimeout } from '../domain/timeout.ts'

const RESUBSCRIBE_MS = 1_000
/** The longest time for the reply to a SUBSCRIBE while Redis is reachable. */
const SUBSCRIBE_MS_MAX = 2_000

type Subscribing = (channels: unknown, done?: (error: null) => void) => Promise<unknown>

/**
 * RedisPubSub and ioredis drop the promises of some subscriptions, and a rejected one would end the process. Here a
 * SUBSCRIBE that is refused is retried until the connection is closed for good; and so is one without a reply, because
 * ioredis loses a SUBSCRIBE that it sent on a connection that never became ready.
 */
export function retrySubscriptions(subscriber: Redis): void {
  const own = subscriber as unknown as Record<'subscribe' | 'unsubscribe' | 'punsubscribe', Subscribing>
  for (const name of ['unsubscribe', 'punsubscribe'] as const) {
    const run = own[name].bind(subscriber)
    own[name] = (channels) => run(channels).catch(() => undefined)
  }
  const subscribe = own.subscribe.bind(subscriber)
  own.subscribe = async (channels, done) => {
    // ioredis would send it before its check that Redis has loaded its data, and that check cannot run on a subscriber.
    if (done && subscriber.status === 'connect') {
      retryLater(channels, done)
      return
    }
    try {
      await withTimeout(SUBSCRIBE_MS_MAX, subscribe(channels))
      done?.(null)
    } catch {
      // Without `done` the call is ioredis's own renewal, which it repeats by itself.
      if (done) retryLater(channels, done)
    }
  }
  // Only on a ready connection: otherwise the offline queue grows with each retry.
  const retryLater: (...args: Required<Parameters<Subscribing>>) => void = (channels, done) => {
    if (subscriber.status === 'end') return
    const retry = (): void => {
      if (subscriber.status === 'ready') void own.subscribe(channels, done)
      else retryLater(channels, done)
    }
    setTimeout(retry, RESUBSCRIBE_MS).unref()
  }
}
