import { randomUUID } from 'node:crypto'
import { bulkhead } from 'cockatiel'
import { Redis } from 'ioredis'
import { TimeoutError, withTimeout } from '../domain/timeout.ts'
import { probeStore, type StoreHealth } from '../domain/health.ts'
import { overloaded, Problem } from '../domain/problem.ts'
import type { TraceSpan } from '../domain/trace.ts'
import { describeFailure, isBug, isFromReplica } from './error-replies.ts'
import { createKeys } from './keys.ts'
import { reconnect, startLivenessCheck, startSameServerCheck } from './liveness.ts'
import { retrySubscriptions } from './subscriber.ts'
import { checkEachConnection, findUnsuitable, type ServerInfo } from './server-check.ts'

export interface RedisOptions {
  url: string
  /** The prefix of the keys and channels that the connection itself uses. */
  prefix?: string
  /** The longest time for a call, in milliseconds; after that it fails as overloaded. */
  callMsMax?: number
  /** The maximum number of concurrent calls; more are refused as overloaded. */
  callsMax?: number
  /** Called with each connection error. Both connections reconnect by themselves. */
  onError?: (error: Error) => void
  trace?: TraceSpan | undefined
}

export interface RedisConnection {
  redis: Redis
  /** For SUBSCRIBE only: such a connection cannot run other commands. */
  subscriber: Redis
  /**
   * Runs commands under the limits. Throws Problem OVERLOADED when Redis is slow or away: then a command may have been
   * executed or not, but it is never sent twice, and never after the call has failed.
   * @param what the name of the trace span
   */
  call: <T>(run: () => Promise<T>, what?: string) => Promise<T>
  /**
   * Resolves when the first connection is made, or when Redis is away.
   * @throws Error whose message says why this server cannot be used, now or later
   */
  verify: () => Promise<void>
  /** Reads and writes one key; never rejects. */
  probe: () => Promise<StoreHealth>
  /** The number of concurrent calls. */
  calls: () => number
  /** Closes both connections; never rejects. */
  close: () => Promise<void>
}

const PROBE_TTL_MS = 60_000

/** Connects to Redis. While Redis is away, calls fail and the process goes on. */
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
  // No command is sent twice, or after its call has failed: a script that is executed again, by a server that has lost its
  // data, may undo later changes. See docs/decisions/015.
  const redis = new Redis(url, {
    commandTimeout: callMsMax,
    connectTimeout: callMsMax,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // Commands without a reply fail as soon as the connection is lost.
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

  // commandTimeout starts when a command is written, this timeout when it is requested.
  const limiter = bulkhead(callsMax)
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
      limiter.execute(trace ? () => trace(`redis ${what}`, { 'db.system.name': 'redis' }, send) : send),
    ).catch((error: unknown) => {
      throw isBug(error) ? error : overloaded(error)
    })
  }

  const probe = (): Promise<StoreHealth> =>
    probeStore({
      read: () => call(() => redis.get(keys.probe), 'probe'),
      write: () => call(() => redis.set(keys.probe, 1, 'PX', PROBE_TTL_MS), 'probe'),
      describeFailure: (failure) => unsuitable ?? describeFailure(causeOf(failure)),
    })

  const timers = [
    ...[redis, subscriber].map((connection) => startLivenessCheck(connection, callMsMax)),
    startSameServerCheck(redis, subscriber, keys.connectionChannel(randomUUID()), callMsMax / 2),
    // Detects a primary that has become a replica even if nothing else is written.
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
    probe,
    calls: () => callsMax - limiter.executionSlots,
    close: async () => {
      timers.forEach(clearInterval)
      subscriber.disconnect()
      if (redis.status === 'ready') await call(() => redis.quit()).catch(() => undefined)
      redis.disconnect()
    },
  }
}

/** Resolves when the connection is ready. Rejects when the current attempt, or the next one, fails. */
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
