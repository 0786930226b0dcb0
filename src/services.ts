/** Constructs what operations use: stores, queue, seats, authentication. */
import { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { createAuth } from './auth/access-tokens.ts'
import { createBotCheck } from './auth/bot-check.ts'
import { createQueueTokenSigner } from './auth/queue-tokens.ts'
import type { Config } from './config.ts'
import { countTakenSeats, loadPerformances, loadTakenSeats, readQueueSettings } from './db/catalog.ts'
import { openDatabase } from './db/client.ts'
import { endedTickets, reserveQueueNumbers } from './db/queue.ts'
import { readSeatStats } from './db/stats.ts'
import { seatMap } from './domain/catalog.ts'
import type { TraceSpan } from './domain/trace.ts'
import type { ObservePushLatency } from './queue/positions/push-latency.ts'
import { createQueue } from './queue/queue.ts'
import { createStats } from './queue/stats.ts'
import { connectRedis } from './redis/connection.ts'
import { createPubSub } from './redis/pubsub.ts'
import { createRateLimiter } from './redis/rate-limiter.ts'
import type { Services } from './resolvers/context.ts'
import { createLastPerformanceAt } from './resolvers/last-performance.ts'
import { createLoaders } from './resolvers/loaders.ts'
import { createSeatSubscriptions } from './seats/seat-changes.ts'
import { createSeatCounts } from './seats/seat-counts.ts'

export interface Observers {
  observePushLatency?: ObservePushLatency
  traceSpan?: TraceSpan | undefined
}

/** @returns the services, and what has to be closed in the end */
export function createServices(
  config: Config,
  log: Logger,
  { observePushLatency, traceSpan: trace }: Observers = {},
) {
  const { redisPrefix: prefix } = config
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    deadlineMs: 5_000,
    statementTimeoutMs: 4_000,
    lockTimeoutMs: 3_000,
    callsMax: 1_000,
    trace,
  })
  const connection = connectRedis({
    url: config.redisUrl,
    prefix,
    onError: (error) => log.warn({ err: error }, 'Redis connection failed'),
    trace,
  })
  const pubsub = createPubSub({ connection, prefix })
  const queue = createQueue({
    connection,
    pubsub,
    prefix,
    times: config.queueTimes,
    observePushLatency,
    store: {
      reserveNumbers: (concertId) => reserveQueueNumbers(db, concertId),
      endedTickets: (concertId, tickets) => endedTickets(db, concertId, tickets),
    },
  })
  const seats = createSeatSubscriptions({
    pubsub,
    read: async (performanceId) => {
      const [[performance], taken] = await Promise.all([
        loadPerformances(db, [performanceId]),
        loadTakenSeats(db, [performanceId]),
      ])
      return performance
        ? seatMap(performance, new Map(taken.map(({ number, status }) => [number, status])))
        : []
    },
  })
  /** Emits `commit` when an operation has committed events. */
  const commits = new EventEmitter<{ commit: [] }>()
  const services: Services = {
    config,
    auth: createAuth(config.auth),
    botCheck: config.botCheck
      ? createBotCheck({
          ...config.botCheck,
          onError: (error) => log.warn({ err: error }, 'bot check failed'),
        })
      : undefined,
    queueTokens: createQueueTokenSigner(config.ticketSecrets),
    db,
    queue,
    seats,
    seatCounts: createSeatCounts((ids) => countTakenSeats(db, ids)),
    stats: createStats({
      connection,
      queue,
      prefix,
      readSeats: (id) => readSeatStats(db, id),
      readSettings: (id) => readQueueSettings(db, id),
    }),
    rateLimiter: createRateLimiter({ connection, prefix }),
    lastPerformanceAt: createLastPerformanceAt(db),
    wakeRelay: () => commits.emit('commit'),
    newLoaders: createLoaders(db, queue),
    newId: uuidv7,
    now: () => new Date(),
  }
  return { services, connection, pubsub, commits }
}
