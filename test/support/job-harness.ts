/** The jobs of a server on a real database and queue; none runs unless it is started. */
import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { readQueueSettings } from '../../src/db/catalog.ts'
import { readSeatStats } from '../../src/db/stats.ts'
import { endedTickets, reserveQueueNumbers } from '../../src/db/queue.ts'
import { startJobs, type Jobs, type JobsOptions } from '../../src/jobs/start.ts'
import { connectRedis, type RedisConnection } from '../../src/redis/connection.ts'
import { createEventStream } from '../../src/redis/event-stream.ts'
import { createStats } from '../../src/queue/stats.ts'
import { createQueue } from '../../src/queue/queue.ts'
import { createPubSub, type PubSub } from '../../src/redis/pubsub.ts'
import { openTestDb, type TestDb } from './test-db.ts'
import { LONG_TIMES, redisUrl } from './queue-harness.ts'

type Options = Omit<JobsOptions, 'onError'>

export interface JobHarness extends TestDb {
  /** Of the first server's jobs. */
  options: Options & { pubsub: PubSub }
  /** Options for another server's jobs, with connections of its own. @param url of Redis, or of a proxy */
  addServer: (url?: string) => Options
  /** Starts the jobs of a server, which stop after the file. Their errors are in `failures`. */
  start: (options: Options) => Jobs
  failures: { job: string; error: unknown }[]
  /** The stream for other services, oldest first: the fields of each entry. */
  readStream: () => Promise<Record<string, string>[]>
}

/** Opens a harness that is closed after the tests of the file. */
export async function openJobHarness(): Promise<JobHarness> {
  const connections: RedisConnection[] = []
  const jobs: Jobs[] = []
  const failures: JobHarness['failures'] = []
  // First, because its hook closes last: hooks run in reverse order.
  const database = await openTestDb()
  const prefix = `test:${randomUUID()}`

  const addServer = (url = redisUrl): JobHarness['options'] => {
    const connection = connectRedis({ url, prefix })
    connections.push(connection)
    const db = database.open()
    const pubsub = createPubSub({ connection, prefix })
    const queue = createQueue({
      connection,
      pubsub,
      prefix,
      times: LONG_TIMES,
      store: {
        reserveNumbers: (concertId) => reserveQueueNumbers(db, concertId),
        endedTickets: (concertId, tickets) => endedTickets(db, concertId, tickets),
      },
    })
    const stats = createStats({
      connection,
      queue,
      prefix,
      readSeats: (id) => readSeatStats(db, id),
      readSettings: (id) => readQueueSettings(db, id),
    })
    return { db, queue, stats, pubsub, events: createEventStream({ connection, prefix }) }
  }
  const options = addServer()

  afterAll(async () => {
    await Promise.all(jobs.map((running) => running.stop()))
    await Promise.all(connections.map((connection) => connection.close()))
  })

  return {
    ...database,
    options,
    addServer,
    failures,
    start: (of) => {
      const started = startJobs({ ...of, onError: (job, error) => failures.push({ job, error }) })
      jobs.push(started)
      return started
    },
    readStream: async () => {
      const entries = await connections[0]?.redis.xrange(`${prefix}:events`, '-', '+')
      return (entries ?? []).map(([, fields]) =>
        Object.fromEntries(
          fields.flatMap((name, index) => (index % 2 ? [] : [[name, fields[index + 1] ?? '']])),
        ),
      )
    },
  }
}
