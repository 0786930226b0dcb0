import { isDeepStrictEqual } from 'node:util'
import { latestValue, type Sink } from '../domain/latest-value.ts'
import type { QueueSettings } from '../domain/queue.ts'
import type { ConcertStats, SeatStats } from '../domain/stats.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { createKeys } from '../redis/keys.ts'
import type { Queue } from './queue.ts'

/** Statistics of concerts. Every function throws Problem OVERLOADED when Redis or PostgreSQL is away. */
export interface Stats {
  read(concertId: string): Promise<ConcertStats>
  /** The current statistics, and again when they change, at most once a second. */
  subscribe(concertId: string): AsyncIterableIterator<ConcertStats>
  /** Samples of the last half hour, one every five seconds while the queue is active, in order of time. */
  history(concertId: string): Promise<ConcertStats[]>
  /** Adds a sample to the history of every active queue for which one is due. Servers may run it at the same time. */
  sample(): Promise<void>
}

export interface StatsOptions {
  connection: RedisConnection
  queue: Pick<Queue, 'stats' | 'active'>
  readSeats: (concertId: string) => Promise<SeatStats>
  /** From PostgreSQL, where they change first. */
  readSettings: (concertId: string) => Promise<QueueSettings | null>
  /** The prefix of all keys. */
  prefix?: string
}

const POLL_MS = 1_000
const SAMPLE_MS = 5_000
/** A little less, so that a sample exactly five seconds later is due. */
const SAMPLED_MS = SAMPLE_MS - 100
const HISTORY_MS = 30 * 60_000
const SAMPLES_MAX = HISTORY_MS / SAMPLE_MS
/** The maximum number of queues with a history: those used last. */
const CONCERTS_MAX = 100

export function createStats({ connection, queue, readSeats, readSettings, prefix }: StatsOptions): Stats {
  const { redis, call } = connection
  const keys = createKeys(prefix)
  const pollers = new Map<string, Poller>()

  async function read(concertId: string): Promise<ConcertStats> {
    const [queueStats, seats, settings] = await Promise.all([
      queue.stats(concertId),
      readSeats(concertId),
      readSettings(concertId),
    ])
    return { ...queueStats, ...seats, settings }
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
      latestValue((sink) => {
        const poller = pollers.get(concertId) ?? new Poller(() => read(concertId))
        pollers.set(concertId, poller)
        poller.add(sink)
        return () => {
          if (poller.remove(sink)) pollers.delete(concertId)
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

/** Reads the statistics of one concert for all of its subscribers. */
class Poller {
  private readonly read: () => Promise<ConcertStats>
  private readonly sinks = new Set<Sink<ConcertStats>>()
  private readonly timer: NodeJS.Timeout
  private latest: ConcertStats | null = null
  private reading = false

  constructor(read: () => Promise<ConcertStats>) {
    this.read = read
    this.timer = setInterval(() => void this.poll(), POLL_MS).unref()
    void this.poll()
  }

  add(sink: Sink<ConcertStats>): void {
    this.sinks.add(sink)
    if (this.latest) sink.push(this.latest)
  }

  /** @returns whether that was the last subscriber; then it has stopped */
  remove(sink: Sink<ConcertStats>): boolean {
    this.sinks.delete(sink)
    if (this.sinks.size > 0) return false
    clearInterval(this.timer)
    return true
  }

  private async poll(): Promise<void> {
    if (this.reading) return
    this.reading = true
    // While a store is away nothing is sent. The next poll may succeed.
    const current = await this.read().catch(() => null)
    this.reading = false
    if (!current) return
    const changed = !this.latest || !isDeepStrictEqual({ ...current, at: this.latest.at }, this.latest)
    this.latest = current
    if (changed) for (const sink of this.sinks) sink.push(current)
  }
}
