import { bulkhead } from 'cockatiel'
import { Redis, ReplyError } from 'ioredis'
import { within } from '../domain/deadline.ts'
import { overloaded } from '../domain/problem.ts'
import type { TracePart } from '../domain/trace.ts'

export interface RedisOptions {
  url: string
  /** How long a call may take, in milliseconds; it fails as overloaded then. */
  callMsMax?: number
  /** How many calls may be under way at once; more are refused as overloaded. */
  callsMax?: number
  /** Hears of trouble with a connection. Both connections mend themselves. */
  onError?: (error: Error) => void
  /** Undefined: nobody wants to know. */
  trace?: TracePart | undefined
}

export interface RedisConnection {
  redis: Redis
  /** For SUBSCRIBE alone: such a connection can do nothing else. */
  subscriber: Redis
  /** Runs commands under the limits; `what` they are. Throws Problem OVERLOADED when Redis is slow or away. */
  call: <T>(run: () => Promise<T>, what?: string) => Promise<T>
  /** Resolves when Redis answers. Throws Problem OVERLOADED. */
  ping: () => Promise<void>
  /** How many calls are under way. */
  calls: () => number
  /** Lets go of both connections; never rejects. */
  close: () => Promise<void>
}

/** Connects to Redis. It may be away now, or go and come back: calls fail meanwhile, the process does not. */
export function connectRedis(options: RedisOptions): RedisConnection {
  const { url, callMsMax = 2_000, callsMax = 10_000, onError = () => undefined, trace } = options
  const retryStrategy = (attempt: number): number => Math.min(50 * attempt, 1_000)
  // Nothing is done twice that must not be, so ioredis may send again what was under way: a script finds its work done, an
  // event may come again, and a limit counts one more.
  const redis = new Redis(url, {
    commandTimeout: callMsMax,
    connectTimeout: callMsMax,
    maxRetriesPerRequest: 1,
    enableAutoPipelining: true,
    retryStrategy,
  })
  const subscriber = new Redis(url, {
    connectTimeout: callMsMax,
    maxRetriesPerRequest: null,
    retryStrategy,
  })
  redis.on('error', onError)
  subscriber.on('error', onError)
  const heartbeats = [redis, subscriber].map((connection) => listenForLife(connection, callMsMax))

  // A command's own timeout starts when it is written; this one starts when it is asked for.
  const places = bulkhead(callsMax)
  const call = <T>(run: () => Promise<T>, what = 'command'): Promise<T> =>
    within(
      callMsMax,
      places.execute(trace ? () => trace(`redis ${what}`, { 'db.system.name': 'redis' }, run) : run),
    ).catch((error: unknown) => {
      throw isFault(error) ? error : overloaded(error)
    })

  return {
    redis,
    subscriber,
    call,
    ping: async () => {
      await call(() => redis.ping())
    },
    calls: () => callsMax - places.executionSlots,
    close: async () => {
      heartbeats.forEach(clearInterval)
      subscriber.disconnect()
      await call(() => redis.quit()).catch(() => undefined)
      redis.disconnect()
    },
  }
}

/**
 * Asks again and again whether the other end is there, and gives up a connection that says nothing for
 * `silentMsMax`: TCP alone would wait a quarter of an hour for a dead host. (The socketTimeout of ioredis looks
 * only at connections that wait for something, and may end the one that came after.)
 */
function listenForLife(connection: Redis, silentMsMax: number): NodeJS.Timeout {
  let heard: string | undefined
  let silences = 0
  return setInterval(() => {
    const { status, stream } = connection
    if (status !== 'connect' && status !== 'ready') return
    const said = `${stream.localPort} ${stream.bytesRead}`
    silences = said === heard ? silences + 1 : 0
    heard = said
    // Two silences and not one: this process may itself have been asleep.
    if (silences >= 2) stream.destroy()
    else if (status === 'ready') connection.ping().catch(() => undefined)
  }, silentMsMax / 2).unref()
}

/** Answers of a Redis that cannot serve at the moment; any other error reply means that a script is wrong. */
const AWAY = /^(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|UNBLOCKED)\b/

const isFault = (error: unknown): boolean =>
  error instanceof ReplyError && !AWAY.test((error as Error).message)
