import { isDeepStrictEqual } from 'node:util'
import type { ConcertStats, SeatStats } from '../domain/stats.ts'
import type { QueueSettings } from '../domain/queue.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { createKeys } from '../redis/keys.ts'
import { latestValue, type Sink } from '../domain/latest-value.ts'
import type { Queue } from './queue.ts'

/** How the concerts are doing. Reading throws Problem OVERLOADED when Redis or the books are away. */
export interface Stats {
  read(concertId: string): Promise<ConcertStats>
  /** The figures now and when they change, at most once a second. */
  subscribe(concertId: string): AsyncIterableIterator<ConcertStats>
  /** Those of the last half hour, one every five seconds while the queue is used, in order of time. */
  history(concertId: string): Promise<ConcertStats[]>
  /** Adds to the history of every queue in use what is due. Any number of instances may do it at once. */
  sample(): Promise<void>
}

export interface StatsOptions {
  connection: RedisConnection
  queue: Pick<Queue, 'stats' | 'active'>
  readSeats: (concertId: string) => Promise<SeatStats>
  /** What the operators have decided last, whichever instance they told. */
  readSettings: (concertId: string) => Promise<QueueSettings | null>
  /** Of every key; the same as the queue's. */
  prefix?: string
}

const POLL_MS = 1_000
const SAMPLE_MS = 5_000
/** A little less than that, so that who comes right on time is not too early. */
const SAMPLED_MS = SAMPLE_MS - 100
const HISTORY_MS = 30 * 60_000
const SAMPLES_MAX = HISTORY_MS / SAMPLE_MS
/** The queues that have a history: those used last. */
const CONCERTS_MAX = 100

export function createStats({ connection, queue, readSeats, readSettings, prefix }: StatsOptions): Stats {
  const { redis, call } = connection
  const keys = createKeys(prefix)
  const watchers = new Map<string, Poller>()

  async function read(concertId: string): Promise<ConcertStats> {
    const [line, seats, settings] = await Promise.all([
      queue.stats(concertId),
      readSeats(concertId),
      readSettings(concertId),
    ])
    return { ...line, ...seats, settings }
  }

  async function sampleOne(concertId: string): Promise<void> {
    const sampled = keys.sampled(concertId)
    const due = await call(() => redis.set(sampled, 1, 'PX', SAMPLED_MS, 'NX'))
    if (!due) return
    const sample = JSON.stringify(await read(concertId))
    const history = keys.history(concertId)
    const write = redis.multi().rpush(history, sample).ltrim(history, -SAMPLES_MAX, -1)
    await call(() => write.pexpire(history, HISTORY_MS).exec())
  }

  return {
    read,
    subscribe: (concertId) =>
      latestValue((feed) => {
        const watcher = watchers.get(concertId) ?? startPoller(() => read(concertId))
        watchers.set(concertId, watcher)
        watcher.add(feed)
        return () => {
          if (!watcher.remove(feed)) return
          watchers.delete(concertId)
        }
      }),
    history: async (concertId) => {
      const samples = await call(() => redis.lrange(keys.history(concertId), -SAMPLES_MAX, -1))
      const oldest = Date.now() - HISTORY_MS
      return samples.map(parse).filter(({ at }) => at.getTime() > oldest)
    },
    sample: async () => {
      const results = await Promise.allSettled((await queue.active(CONCERTS_MAX)).map(sampleOne))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}

function parse(text: string): ConcertStats {
  const sample = JSON.parse(text) as Omit<ConcertStats, 'at'> & { at: string }
  return { ...sample, at: new Date(sample.at) }
}

interface Poller {
  add(feed: Sink<ConcertStats>): void
  /** -> was that the last one? Then it has stopped. */
  remove(feed: Sink<ConcertStats>): boolean
}

/** Reads for all who listen to one concert. */
function startPoller(read: () => Promise<ConcertStats>): Poller {
  const feeds = new Set<Sink<ConcertStats>>()
  let known: ConcertStats | null = null
  let reading = false

  async function look(): Promise<void> {
    if (reading) return
    reading = true
    // While a store is away nothing is said: the next look may work.
    const found = await read().catch(() => null)
    reading = false
    if (!found) return
    const news = !known || !isDeepStrictEqual({ ...found, at: known.at }, known)
    known = found
    if (news) for (const feed of feeds) feed.push(found)
  }

  const looks = setInterval(() => void look(), POLL_MS).unref()
  void look()
  return {
    add: (feed) => {
      feeds.add(feed)
      if (known) feed.push(known)
    },
    remove: (feed) => {
      feeds.delete(feed)
      if (feeds.size > 0) return false
      clearInterval(looks)
      return true
    },
  }
}
