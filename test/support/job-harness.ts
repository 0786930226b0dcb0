/** What the jobs of a server work on: the books and the queue, real ones, and nothing that runs by itself. */
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

/** What one server's jobs take. */
type Options = Omit<JobsOptions, 'onError'>

export interface JobHarness extends TestDb {
  /** What one server's jobs take. */
  options: Options & { pubsub: PubSub }
  /** Another server, over its own connections; maybe by another way to Redis. */
  addServer: (url?: string) => Options
  /** Starts the jobs of a server; they stop after the file. What fails in them is kept in `failures`. */
  start: (options: Options) => Jobs
  failures: { job: string; error: unknown }[]
  /** The stream for other services, oldest first: the fields of each entry. */
  readStream: () => Promise<Record<string, string>[]>
}

/** Opens a stand that is struck after the tests of the file. */
export async function openJobHarness(): Promise<JobHarness> {
  const connections: RedisConnection[] = []
  const jobs: Jobs[] = []
  const failures: JobHarness['failures'] = []
  // After what openBooks closes comes last: hooks run in the reverse order.
  const books = await openTestDb()
  const prefix = `test:${randomUUID()}`

  const another = (url = redisUrl): JobHarness['options'] => {
    const connection = connectRedis({ url, prefix })
    connections.push(connection)
    const db = books.open()
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
    const figures = createStats({
      connection,
      queue,
      prefix,
      readSeats: (id) => readSeatStats(db, id),
      readSettings: (id) => readQueueSettings(db, id),
    })
    return { db, queue, stats: figures, pubsub, events: createEventStream({ connection, prefix }) }
  }
  const options = another()

  afterAll(async () => {
    await Promise.all(jobs.map((running) => running.stop()))
    await Promise.all(connections.map((connection) => connection.close()))
  })

  return {
    ...books,
    options,
    addServer: another,
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
