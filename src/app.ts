/** The only place that constructs anything: a server, wired up, with a start and a stop. */
import { Server as NetServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { pino } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { createAuth } from './auth.ts'
import { createBotCheck } from './bots.ts'
import type { Config } from './config.ts'
import type { Services } from './context.ts'
import { findLastPerformanceAt, loadPerformances, loadTakenSeats } from './db/catalog.ts'
import { openDatabase } from './db/client.ts'
import { isSpent, reserveQueueNumbers } from './db/queue.ts'
import { seatMap } from './domain/catalog.ts'
import { Problem } from './domain/problem.ts'
import { startJobs, type Jobs } from './jobs/start.ts'
import { connectRedis } from './queue/client.ts'
import { createEvents } from './queue/events.ts'
import { createQueue } from './queue/queue.ts'
import { createRates } from './queue/rates.ts'
import { createSeatWatch } from './queue/seats.ts'
import { createTicketSigner } from './queue/tickets.ts'
import { createWakeups } from './queue/wakeups.ts'
import { createSchema } from './schema/index.ts'
import { createHttpServer } from './transports/http.ts'
import { serveWebSockets } from './transports/websocket.ts'
import { createPipeline } from './transports/yoga.ts'

export interface App {
  /** Starts listening. @returns the port, chosen by the system if the configured one is 0 */
  start(): Promise<number>
  /** Stops taking work, finishes what is under way, and lets go of everything. */
  stop(): Promise<void>
}

/** So that not all subscribers connect to the other instances in the same moment. */
const CLOSE_SOCKETS_OVER_MS = 2_000
/** How long open connections may bring one more request. */
const LAST_REQUESTS_MS = 500
/** The longest that a request takes which is not a stream: see the deadlines below. */
const FINISH_REQUESTS_MS = 5_000
/** Until the date of a concert is looked up again after PostgreSQL was away. */
const UNKNOWN_KEPT_MS = 1_000

export function createApp(config: Config): App {
  const log = pino({ level: config.logLevel })
  const db = openDatabase({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    deadlineMs: 5_000,
    statementTimeoutMs: 4_000,
    lockTimeoutMs: 3_000,
    callsMax: 1_000,
  })
  const connection = connectRedis({
    url: config.redisUrl,
    onError: (error) => log.warn({ err: error }, 'the connection to Redis failed'),
  })
  const prefix = config.redisPrefix
  const wakeups = createWakeups({ connection, prefix })
  const queue = createQueue({
    connection,
    wakeups,
    prefix,
    times: config.queueTimes,
    books: {
      reserveNumbers: (concertId) => reserveQueueNumbers(db, concertId),
      isSpent: (ticket) => isSpent(db, ticket),
    },
  })
  const seats = createSeatWatch({
    wakeups,
    read: async (performanceId) => {
      const [[performance], taken] = await Promise.all([
        loadPerformances(db, [performanceId]),
        loadTakenSeats(db, [performanceId]),
      ])
      return performance ? seatMap(performance, taken) : []
    },
  })
  let jobs: Jobs | undefined
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
    tickets: createTicketSigner(config.ticketSecrets),
    db,
    queue,
    seats,
    rates: createRates({ connection, prefix }),
    lastPerformanceAt: new LRUCache({
      max: 10_000,
      fetchMethod: (concertId: string, _, { options }) =>
        findLastPerformanceAt(db, concertId).catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error
          // PostgreSQL is away: people join all the same, and whoever holds seats is told if it is over.
          options.ttl = UNKNOWN_KEPT_MS
          return Infinity
        }),
    }),
    wakeRelay: () => jobs?.wakeRelay(),
    newId: uuidv7,
    now: () => new Date(),
  }

  let stopping = false
  const yoga = createPipeline({
    schema: createSchema({ signUp: auth.issues }),
    services,
    log,
    graphiql: !config.production,
    limits: config,
    trustedProxies: config.trustedProxies,
    allowedOrigins: config.allowedOrigins,
    checkReady: async () => {
      if (stopping) throw new Error('stopping')
      await Promise.all([db.ping(), connection.ping()])
    },
  })
  const server = createHttpServer(yoga)
  const sockets = serveWebSockets({
    server,
    yoga,
    auth,
    log,
    limits: config.socketLimits,
    trustedProxies: config.trustedProxies,
    allowedOrigins: config.allowedOrigins,
  })

  return {
    start: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(config.port, config.host, resolve)
      })
      jobs = startJobs({
        db,
        queue,
        wakeups,
        events: createEvents({ connection, prefix }),
        onError: (job, error) => log.warn({ err: error, job }, 'a job failed and will be tried again'),
      })
      const { port } = server.address() as AddressInfo
      log.info({ host: config.host, port }, 'listening')
      return port
    },
    stop: async () => {
      stopping = true
      // Not the HTTP server's own close: that cuts idle connections, on which the next request may be under way.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve))
      // Each gets one more answer, which tells the client to go elsewhere.
      server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
      await Promise.all([
        sockets.close(CLOSE_SOCKETS_OVER_MS),
        Promise.race([closed, sleep(LAST_REQUESTS_MS)]),
      ])
      server.closeIdleConnections()
      // What is left then are event streams, which have no end of their own: their clients connect elsewhere.
      await Promise.race([closed, sleep(FINISH_REQUESTS_MS)])
      server.closeAllConnections()
      await closed
      await jobs?.stop()
      await connection.close()
      await db.close()
      log.info('stopped')
    },
  }
}
