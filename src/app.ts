/** The only place that constructs anything: a server, wired up, with a start and a stop. */
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { pino } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import { createAuth } from './auth.ts'
import type { Config } from './config.ts'
import type { Services } from './context.ts'
import { findLastPerformanceAt, loadPerformances, loadTakenSeats } from './db/catalog.ts'
import { openDatabase } from './db/client.ts'
import { isSpent, reserveQueueNumbers } from './db/queue.ts'
import { seatMap } from './domain/catalog.ts'
import { startJobs, type Jobs } from './jobs/start.ts'
import { connectRedis } from './queue/client.ts'
import { createEvents } from './queue/events.ts'
import { createQueue } from './queue/queue.ts'
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
/** The longest that a request takes which is not a stream: see the deadlines below. */
const FINISH_REQUESTS_MS = 5_000

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
    tickets: createTicketSigner(config.ticketSecrets),
    db,
    queue,
    seats,
    lastPerformanceAt: new LRUCache({
      max: 10_000,
      fetchMethod: (concertId: string) => findLastPerformanceAt(db, concertId),
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
    checkReady: async () => {
      if (stopping) throw new Error('stopping')
      await Promise.all([db.ping(), connection.ping()])
    },
  })
  const server = createHttpServer(yoga)
  const sockets = serveWebSockets(server, yoga)

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
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await sockets.close(CLOSE_SOCKETS_OVER_MS)
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
