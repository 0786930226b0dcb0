/** The only place that constructs anything: a server, wired up, with a start and a stop. */
import type { AddressInfo } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { v7 as uuidv7 } from 'uuid'
import { createAuth } from './auth/access-tokens.ts'
import { createBotCheck } from './auth/bot-check.ts'
import type { Config } from './config.ts'
import type { Services } from './resolvers/context.ts'
import {
  countTakenSeats,
  findLastPerformanceAt,
  loadPerformances,
  loadTakenSeats,
  readQueueSettings,
} from './db/catalog.ts'
import { openDatabase } from './db/client.ts'
import { readSeatStats } from './db/stats.ts'
import { probeHealth } from './db/health.ts'
import { endedTickets, reserveQueueNumbers } from './db/queue.ts'
import { verifyDatabase } from './db/verify.ts'
import { seatMap } from './domain/catalog.ts'
import type { TraceSpan } from './domain/trace.ts'
import { Problem } from './domain/problem.ts'
import { createLog } from './log.ts'
import { startJobs, type Jobs } from './jobs/start.ts'
import { connectRedis } from './redis/connection.ts'
import { createEventStream } from './redis/event-stream.ts'
import { createStats } from './queue/stats.ts'
import { createQueue } from './queue/queue.ts'
import { createRateLimiter } from './redis/rate-limiter.ts'
import { createSeatSubscriptions } from './seats/seat-changes.ts'
import { createQueueTokenSigner } from './auth/queue-tokens.ts'
import type { ObservePushLatency } from './queue/positions/push-latency.ts'
import { createPubSub } from './redis/pubsub.ts'
import { createLoaders } from './resolvers/loaders.ts'
import { createSeatCounts } from './seats/seat-counts.ts'
import { createDocumentCache } from './graphql/document-cache.ts'
import type { ReportBug } from './graphql/mask-errors.ts'
import { createExecute } from './graphql/execute.ts'
import { createSchema } from './schema/index.ts'
import { createOperationMetrics } from './graphql/operation-metrics.ts'
import { createSubscribe } from './graphql/subscriptions.ts'
import { registerPushLatency } from './telemetry/push-latency.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createTracing } from './telemetry/tracing.ts'
import { createEventStreamHandler } from './http/sse.ts'
import { createHealthEndpoints } from './http/health.ts'
import { createHttpServer } from './http/server.ts'
import { createOperations } from './graphql/operations.ts'
import { createPersistedDocuments } from './graphql/persisted-documents.ts'
import { loadStaticFiles } from './http/static-files.ts'
import { createFastPath } from './http/fast-path.ts'
import { createShutdown } from './shutdown.ts'
import { withExecuteTracing, withSubscribeTracing } from './graphql/tracing.ts'
import { serveWebSockets } from './websocket/server.ts'
import { createYogaHandler } from './http/yoga.ts'

export interface App {
  /** Starts listening. @returns the port, chosen by the system if the configured one is 0 */
  start(): Promise<number>
  /**
   * Stops taking work, finishes what is under way, and lets go of everything: see shutdown.ts. Called again, it
   * ends the drain early.
   */
  stop(): Promise<void>
}

/** Connections that may wait to be taken on, when thousands come in the same second; the system may allow fewer. */
const BACKLOG = 4_096
/** Until the date of a concert is looked up again after PostgreSQL was away. */
const UNKNOWN_DATE_TTL_MS = 1_000

/** Who wants to know how the stores are used. */
interface Observers {
  observePushLatency?: ObservePushLatency
  trace?: TraceSpan | undefined
}

/** What operations use, and what has to be let go of in the end. */
export function createServices(config: Config, log: Logger, { observePushLatency, trace }: Observers = {}) {
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
    prefix: config.redisPrefix,
    onError: (error) => log.warn({ err: error }, 'the connection to Redis failed'),
    trace,
  })
  const prefix = config.redisPrefix
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
  const auth = createAuth(config.auth)
  const services: Services = {
    config,
    auth,
    botCheck:
      config.botCheck === null
        ? undefined
        : createBotCheck({
            ...config.botCheck,
            onError: (error) => log.warn({ err: error }, 'the bot check failed'),
          }),
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
    lastPerformanceAt: new LRUCache({
      max: 10_000,
      fetchMethod: (concertId: string, _, { options }) =>
        findLastPerformanceAt(db, concertId).catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error
          // PostgreSQL is away: people join all the same, and whoever holds seats is told if it is over.
          options.ttl = UNKNOWN_DATE_TTL_MS
          return Infinity
        }),
    }),
    wakeRelay: () => undefined, // nobody delivers yet
    newLoaders: createLoaders(db, queue),
    newId: uuidv7,
    now: () => new Date(),
  }
  return { services, connection, pubsub }
}

export function createApp(config: Config): App {
  const log = createLog(config.logLevel)
  const registry = new Registry()
  const tracing = config.traces ? createTracing(config.traces) : undefined
  const traceWhole = tracing?.traceRequest
  const { services, connection, pubsub } = createServices(config, log, {
    observePushLatency: registerPushLatency(registry),
    trace: tracing?.traceSpan,
  })
  const { auth, db, queue, stats: figures } = services
  let jobs: Jobs | undefined
  services.wakeRelay = () => jobs?.wakeRelay()

  const schema = createSchema({ signUp: auth.canIssue })
  const persisted = createPersistedDocuments()
  const { trustedProxies, allowedOrigins } = config
  const onBug: ReportBug = (error, requestId = services.newId()) => {
    log.error({ err: error, requestId }, 'a bug was masked')
    return requestId
  }
  const meter = createOperationMetrics(schema)
  const documents = createDocumentCache(schema, config)
  const executes = createExecute({ documents, metrics: meter, onBug })
  const execute = traceWhole ? withExecuteTracing(executes, traceWhole) : executes
  const starts = createSubscribe({ documents, perUserMax: config.streamsPerUserMax, onBug, metrics: meter })
  const subscribe = traceWhole ? withSubscribeTracing(starts, traceWhole) : starts
  const yoga = createYogaHandler({
    schema,
    services,
    persisted,
    onBug,
    graphiql: !config.production,
    documents,
    execute,
    metrics: meter,
    trustedProxies,
    allowedOrigins,
  })
  const operations = createOperations({ services, documents, execute })
  const answerWithEvents = createEventStreamHandler({
    schema,
    operations,
    subscribe,
    metrics: meter,
    onBug,
    trustedProxies,
    allowedOrigins,
  })
  const answer = createFastPath({
    yoga,
    schema,
    operations,
    persisted,
    handleEventStream: answerWithEvents,
    trustedProxies,
    allowedOrigins,
  })
  const metrics = createMetrics({
    registry,
    operationMetrics: meter,
    sockets: () => sockets.count(),
    db,
    connection,
    queue,
    poolSize: config.databasePoolSize,
    token: config.metricsToken,
    open: !config.production,
    onBug,
  })
  const endpoints = createHealthEndpoints({
    stores: {
      postgres: () => probeHealth(db, (error) => log.warn({ err: error }, 'a probe of PostgreSQL failed')),
      redis: connection.probe,
    },
    isDraining: () => shutdown.isDraining(),
  }).set('/metrics', metrics.page)
  const pages = loadStaticFiles()
  const server = createHttpServer(
    async (request, response) => {
      const endpoint = endpoints.get(request.url ?? '')
      if (endpoint) await endpoint(request, response)
      else if (!pages?.serveNotFound(request, response)) await answer(request, response)
    },
    pages,
    onBug,
  )
  // Longer than a load balancer keeps an idle connection: it would send a request into one that is being closed.
  server.keepAliveTimeout = config.keepAliveMs
  const sockets = serveWebSockets({
    server,
    schema,
    operations,
    subscribe,
    metrics: meter,
    auth,
    onBug,
    limits: config.socketLimits,
    graceMs: config.queueTimes.absenceGraceMs,
    trustedProxies,
    allowedOrigins,
  })

  const shutdown = createShutdown(server, sockets, config.drainMs)

  const start = async (): Promise<number> => {
    await tracing?.start()
    const [{ readOnly }] = await Promise.all([verifyDatabase(db), connection.verify()])
    if (readOnly) log.warn('PostgreSQL is read-only: a standby, or set to be; writes fail until that changes')
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port: config.port, host: config.host, backlog: BACKLOG }, resolve)
    })
    jobs = startJobs({
      db,
      queue,
      stats: figures,
      pubsub: pubsub,
      events: createEventStream({ connection, prefix: config.redisPrefix }),
      onError: (job, error) => log.warn({ err: error, job }, 'a job failed and will be tried again'),
    })
    const { port } = server.address() as AddressInfo
    log.info({ host: config.host, port }, 'listening')
    return port
  }
  const stop = async (): Promise<void> => {
    // Stopped while it starts, it would start jobs on stores that are closed.
    await starting?.catch(() => undefined)
    await shutdown.run()
    await jobs?.stop()
    await Promise.all([connection.close(), db.close()])
    await tracing?.stop()
    log.info('stopped')
  }
  let starting: Promise<number> | undefined
  let stopping: Promise<void> | undefined
  return {
    start: () => (starting = start()),
    stop: () => {
      if (stopping) shutdown.endDrain()
      return (stopping ??= stop())
    },
  }
}
