/** Samples the queues in Redis ten times a second, each in one atomic read, without a link. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { createKeys } from '../../src/redis/keys.ts'
import { openLog } from './log.ts'
import type { FaultCluster } from './cluster/types.ts'

/** The queue of one concert at one moment. */
export interface Sample {
  concert: string
  /** When the first and the last reads with exactly this result returned. */
  at: number
  until: number
  /** The same by the clock of Redis. */
  firstTime: number
  time: number
  runId: string
  capacity: number
  paused: boolean
  /** Null: no limit. */
  ratePerSecond: number | null
  recoveringUntil: number
  /** The next number; 0: Redis has no data of this queue. */
  next: number
  deltaVersion: number
  /** `presentUntil`: until when, by Redis's clock, the user counts as present. */
  waiting: [user: string, number, presentUntil: number][]
  admitted: [user: string, number, deadline: number][]
  absent: [user: string, number: number][]
  /** Counters of the queue: tickets issued, and how they ended. */
  counters: { issued: number; finished: number; lapsed: number; skipped: number }
}

const SAMPLE_SCRIPT = `
local root, grace = KEYS[1], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local bucket = math.max(1, math.floor(grace / 5))
local waiting = redis.call('ZRANGE', root .. ':waiting', 0, -1, 'WITHSCORES')
local present = {}
local newest = math.floor(now / bucket)
for i = 2, #waiting, 2 do
  local till = 0
  for b = newest, newest - 6, -1 do
    if redis.call('GETBIT', root .. ':present:' .. string.format('%.0f', b), waiting[i]) == 1 then
      till = b * bucket + grace
      break
    end
  end
  present[#present + 1] = string.format('%.0f', till)
end
return {
  string.format('%.0f', now), string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'),
  redis.call('HMGET', root .. ':meta', 'capacity', 'paused', 'recovering_until', 'next', 'delta_version',
    'issued', 'finished', 'lapsed', 'skipped', 'rate'),
  waiting, present,
  redis.call('ZRANGE', root .. ':admitted', 0, -1, 'WITHSCORES'),
  redis.call('HGETALL', root .. ':admissions'),
  redis.call('ZRANGE', root .. ':absent', 0, -1, 'WITHSCORES'),
}`

type Raw = [string, string, (string | null)[], string[], string[], string[], string[], string[]]

export interface Sampler {
  /** Samples this concert from now on, and the oldest one no longer. */
  follow(concert: string): void
  stop(): Promise<void>
}

const EVERY_MS = 100
/** Older sales are over by the time there are this many newer ones. */
const FOLLOWED_MAX = 3

export function startSampler(cluster: FaultCluster, file: string, graceMs: number): Sampler {
  const redis = new Redis(cluster.redisUrl, {
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => 50,
  })
  redis.on('error', () => undefined)
  const log = openLog(file)
  const keys = createKeys(cluster.redisPrefix)
  const concerts: string[] = []
  const lastOf = new Map<string, Sample>()
  let stopped = false

  async function takeSample(concert: string): Promise<void> {
    const raw = (await redis.eval(SAMPLE_SCRIPT, 1, keys.concert(concert), graceMs)) as Raw
    const sample = toSample(concert, raw)
    const last = lastOf.get(concert)
    if (last && isUnchanged(last, sample)) {
      last.until = sample.until
      last.time = sample.time
      last.waiting = sample.waiting
      return
    }
    if (last) log.write(last as never)
    lastOf.set(concert, sample)
  }

  async function run(): Promise<void> {
    while (!stopped) {
      await Promise.all(concerts.map((concert) => takeSample(concert).catch(() => undefined)))
      await sleep(EVERY_MS)
    }
  }
  const running = run()

  return {
    follow: (concert) => {
      concerts.push(concert)
      if (concerts.length > FOLLOWED_MAX) concerts.shift()
    },
    stop: async () => {
      stopped = true
      await running
      for (const sample of lastOf.values()) log.write(sample as never)
      log.close()
      redis.disconnect()
    },
  }
}

function toSample(concert: string, raw: Raw): Sample {
  const [time, runId, meta, waiting, present, admitted, admissions, absent] = raw
  const [capacity, paused, recoveringUntil, next, deltaVersion, issued, finished, lapsed, skipped, rate] =
    meta.map(Number)
  const numbers = new Map(pairs(admissions).map(([user, held]) => [user, Number(held.split(' ')[0])]))
  const at = Date.now()
  return {
    concert,
    at,
    until: at,
    firstTime: Number(time),
    time: Number(time),
    runId,
    capacity: capacity ?? 0,
    paused: paused === 1,
    ratePerSecond: rate === 0 ? null : (rate ?? null),
    recoveringUntil: recoveringUntil ?? 0,
    next: next ?? 0,
    deltaVersion: deltaVersion ?? 0,
    waiting: pairs(waiting).map(([user, number], index) => [user, Number(number), Number(present[index])]),
    admitted: pairs(admitted).map(([user, deadline]) => [user, numbers.get(user) ?? 0, Number(deadline)]),
    absent: pairs(absent).map(([user, number]) => [user, Number(number)]),
    counters: { issued: issued ?? 0, finished: finished ?? 0, lapsed: lapsed ?? 0, skipped: skipped ?? 0 },
  }
}

function pairs(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? ''])
}

const isUnchanged = (one: Sample, other: Sample): boolean => comparableParts(one) === comparableParts(other)

/** All but the times. */
const comparableParts = ({ waiting, ...sample }: Sample): string =>
  JSON.stringify({ ...sample, at: 0, until: 0, firstTime: 0, time: 0 }) +
  waiting.map(([user, number]) => `${user} ${number}`).join()
