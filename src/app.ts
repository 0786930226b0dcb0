/** Wires a server together. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Config } from './config.ts'
import { probeHealth } from './db/health.ts'
import { verifyDatabase } from './db/verify.ts'
import { createDocumentCache } from './graphql/document-cache.ts'
import type { ReportBug } from './graphql/mask-errors.ts'
import { operationNames } from './graphql/operation-metrics.ts'
import { createPersistedDocuments } from './graphql/persisted-documents.ts'
import { createOperations } from './graphql/run-operation.ts'
import { createSubscribe } from './graphql/subscriptions.ts'
import { createFastPath } from './http/fast-path.ts'
import { createHealthEndpoints } from './http/health.ts'
import { createRouter } from './http/router.ts'
import { createHttpServer } from './http/server.ts'
import { loadStaticFiles } from './http/static-files.ts'
import { createYogaHandler } from './http/yoga.ts'
import { startJobs, type Jobs } from './jobs/start.ts'
import { createLifecycle, type App } from './lifecycle.ts'
import { createLog } from './log.ts'
import { createEventStream } from './redis/event-stream.ts'
import { createSchema } from './schema/index.ts'
import { createServices } from './services.ts'
import { createShutdown } from './shutdown.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { createTracing } from './telemetry/tracing.ts'
import { serveWebSockets } from './websocket/server.ts'

/** Connections that may wait to be accepted, when thousands come in the same second; the system may allow fewer. */
const BACKLOG = 4_096

export function createApp(config: Config): App {
  const { production, trustedProxies, allowedOrigins } = config
  const log = createLog(config.logLevel)
  const metrics = createMetrics()
  const tracing = config.traces ? createTracing(config.traces) : undefined
  const { services, connection, pubsub, commits } = createServices(config, log, {
    observePushLatency: metrics.observePushLatency,
    traceSpan: tracing?.traceSpan,
  })
  const { auth, db, queue, stats } = services
  const onBug: ReportBug = (error, requestId = services.newId()) => {
    log.error({ err: error, requestId }, 'unhandled error masked as INTERNAL')
    return requestId
  }

  const schema = createSchema({ signUp: auth.canIssue })
  const operationMetrics = metrics.forOperations(operationNames(schema))
  const documents = createDocumentCache(schema, config)
  const operations = createOperations({
    schema,
    services,
    documents,
    persisted: createPersistedDocuments(),
    subscribe: createSubscribe({
      documents,
      perUserMax: config.streamsPerUserMax,
      metrics: operationMetrics,
      onBug,
    }),
    metrics: operationMetrics,
    onBug,
    traceRequest: tracing?.traceRequest,
  })

  const server = createHttpServer(config.keepAliveMs)
  const sockets = serveWebSockets({
    server,
    schema,
    operations,
    auth,
    onBug,
    limits: config.socketLimits,
    graceMs: config.queueTimes.absenceGraceMs,
    trustedProxies,
    allowedOrigins,
  })
  const shutdown = createShutdown(server, sockets, config.drainMs)
  const metricsEndpoint = metrics.createEndpoint({
    sockets,
    db,
    connection,
    queue,
    poolSize: config.databasePoolSize,
    token: config.metricsToken,
    allowAnonymous: !production,
    onBug,
  })
  const health = createHealthEndpoints({
    stores: {
      postgres: () => probeHealth(db, (error) => log.warn({ err: error }, 'PostgreSQL probe failed')),
      redis: connection.probe,
    },
    isDraining: shutdown.isDraining,
  })
  const yoga = createYogaHandler({ operations, services, graphiql: !production, onBug, trustedProxies })
  const handleRequest = createRouter({
    endpoints: new Map([...health, ['/metrics', metricsEndpoint]]),
    pages: loadStaticFiles(),
    handleGraphQL: createFastPath({ operations, yoga, trustedProxies, allowedOrigins }),
    onBug,
  })
  server.on('request', handleRequest)

  let jobs: Jobs | undefined
  return createLifecycle({
    start: async () => {
      await tracing?.start()
      const [{ readOnly }] = await Promise.all([verifyDatabase(db), connection.verify()])
      if (readOnly) log.warn('PostgreSQL is read-only (a standby?): writes fail until that changes')
      server.listen({ port: config.port, host: config.host, backlog: BACKLOG })
      await once(server, 'listening')
      jobs = startJobs({
        db,
        queue,
        stats,
        pubsub,
        events: createEventStream({ connection, prefix: config.redisPrefix }),
        onError: (job, error) => log.warn({ err: error, job }, 'job failed, will be retried'),
      })
      commits.on('commit', jobs.wakeRelay)
      const { port } = server.address() as AddressInfo
      log.info({ host: config.host, port }, 'listening')
      return port
    },
    shutdown,
    close: async () => {
      await jobs?.stop()
      await Promise.all([connection.close(), db.close()])
      await tracing?.stop()
      log.info('stopped')
    },
  })
}
