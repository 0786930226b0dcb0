import { randomUUID } from 'node:crypto'
import { bulkhead } from 'cockatiel'
import { Redis } from 'ioredis'
import { TimeoutError, withTimeout } from '../domain/timeout.ts'
import type { StoreHealth } from '../domain/health.ts'
import { overloaded, Problem } from '../domain/problem.ts'
import type { TraceSpan } from '../domain/trace.ts'
import { describeFailure, isBug, isFromReplica } from './error-replies.ts'
import { createKeys } from './keys.ts'
import { startSameServerCheck, startLivenessCheck, reconnect } from './liveness.ts'
import { retrySubscriptions } from './subscriber.ts'
import { checkEachConnection, findUnsuitable, type ServerInfo } from './server-check.ts'

export interface RedisOptions {
  url: string
  /** Of the keys and channels that the connection itself uses. */
  prefix?: string
  /** How long a call may take, in milliseconds; it fails as overloaded then. */
  callMsMax?: number
  /** How many calls may be under way at once; more are refused as overloaded. */
  callsMax?: number
  /** Hears of trouble with a connection. Both connections mend themselves. */
  onError?: (error: Error) => void
  /** Undefined: nobody wants to know. */
  trace?: TraceSpan | undefined
}

export interface RedisConnection {
  redis: Redis
  /** For SUBSCRIBE alone: such a connection can do nothing else. */
  subscriber: Redis
  /**
   * Runs commands under the limits; `what` they are. Throws Problem OVERLOADED when Redis is slow or away: a command
   * may have been executed then, or not, but it is never sent twice, and not sent after the call has failed.
   */
  call: <T>(run: () => Promise<T>, what?: string) => Promise<T>
  /**
   * Resolves when the first connection is made, or when Redis is away.
   * @throws Error that says in a sentence why this Redis cannot be used; it will not be used later either
   */
  verify: () => Promise<void>
  /** Resolves when Redis answers. Throws Problem OVERLOADED. */
  ping: () => Promise<void>
  /** Reads and writes one key; never rejects. */
  probe: () => Promise<StoreHealth>
  /** How many calls are under way. */
  calls: () => number
  /** Lets go of both connections; never rejects. */
  close: () => Promise<void>
}

const PROBE_TTL_MS = 60_000

/** Connects to Redis. It may be away now, or go and come back: calls fail meanwhile, the process does not. */
export function connectRedis(options: RedisOptions): RedisConnection {
  const { url, prefix, callMsMax = 2_000, callsMax = 10_000, onError = () => undefined, trace } = options
  const keys = createKeys(prefix)
  const retryStrategy = (attempt: number): number => Math.min(50 * attempt, 1_000)
  const subscriber = new Redis(url, {
    connectTimeout: callMsMax,
    maxRetriesPerRequest: null,
    retryStrategy,
  })
  retrySubscriptions(subscriber)
  // Nothing is sent twice, and nothing that has waited in a queue for longer than its caller did: a script that is
  // executed again, by a server that has lost its data, may undo what others did in between. decisions/015.
  const redis = new Redis(url, {
    commandTimeout: callMsMax,
    connectTimeout: callMsMax,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // What was sent and not answered fails as soon as the connection is lost.
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    retryStrategy,
    reconnectOnError: (error) => {
      if (isFromReplica(error)) [redis, subscriber].forEach(reconnect)
      return false
    },
  })

  let unsuitable: string | null = null
  const accept = (info: ServerInfo): boolean => {
    unsuitable = findUnsuitable(info)
    if (unsuitable) onError(new Error(unsuitable))
    return !unsuitable
  }
  for (const connection of [redis, subscriber]) {
    connection.on('error', onError)
    checkEachConnection(connection, accept)
  }
  const firstAttempt = nextAttempt(redis).catch(() => undefined)

  let connecting: Promise<void> | undefined
  const connected = (): Promise<void> =>
    (connecting ??= nextAttempt(redis).finally(() => (connecting = undefined)))

  // A command's own timeout starts when it is written; this one starts when it is asked for.
  const places = bulkhead(callsMax)
  const call = <T>(run: () => Promise<T>, what = 'command'): Promise<T> => {
    const failsAt = performance.now() + callMsMax
    const send = (): Promise<T> =>
      redis.status === 'ready'
        ? run()
        : connected().then(() => {
            if (performance.now() >= failsAt) throw new TimeoutError('not connected in time')
            return run()
          })
    return withTimeout(
      callMsMax,
      places.execute(trace ? () => trace(`redis ${what}`, { 'db.system.name': 'redis' }, send) : send),
    ).catch((error: unknown) => {
      throw isBug(error) ? error : overloaded(error)
    })
  }

  const probe = async (): Promise<StoreHealth> => {
    const [read, write] = await Promise.allSettled([
      call(() => redis.get(keys.probe), 'probe'),
      call(() => redis.set(keys.probe, 1, 'PX', PROBE_TTL_MS), 'probe'),
    ])
    const failed = [read, write].find((result) => result.status === 'rejected')
    return {
      read: read.status === 'fulfilled',
      write: write.status === 'fulfilled',
      ...(failed && { reason: unsuitable ?? describeFailure(causeOf(failed.reason)) }),
    }
  }

  const heartbeats = [
    ...[redis, subscriber].map((connection) => startLivenessCheck(connection, callMsMax)),
    startSameServerCheck(redis, subscriber, keys.connectionChannel(randomUUID()), callMsMax / 2),
    // Notices a primary that has become a replica even if nothing else is written.
    setInterval(() => void (redis.status === 'ready' && probe()), callMsMax / 2).unref(),
  ]

  return {
    redis,
    subscriber,
    call,
    verify: async () => {
      await withTimeout(callMsMax, firstAttempt).catch(() => undefined)
      if (unsuitable) throw new Error(unsuitable)
    },
    ping: async () => {
      await call(() => redis.ping())
    },
    probe,
    calls: () => callsMax - places.executionSlots,
    close: async () => {
      heartbeats.forEach(clearInterval)
      subscriber.disconnect()
      if (redis.status === 'ready') await call(() => redis.quit()).catch(() => undefined)
      redis.disconnect()
    },
  }
}

/** Resolves when the connection is ready. Rejects when the attempt under way, or the next one, fails. */
function nextAttempt(connection: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    if (connection.status === 'end') {
      reject(new Error('the connection is closed'))
      return
    }
    const settle = (): void => {
      connection.off('ready', settle).off('close', settle)
      if (connection.status === 'ready') resolve()
      else reject(new Error('Redis cannot be reached'))
    }
    connection.on('ready', settle).on('close', settle)
  })
}

const causeOf = (error: unknown): unknown => (error instanceof Problem ? error.cause : error)
