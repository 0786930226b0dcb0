/** The queue by its length: join, position and admission with up to five million waiting, beside ten thousand. */
import { createHash, randomInt, randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import postgres from 'postgres'
import { connectRedis } from '../src/redis/connection.ts'
import { createCommands, type Commands } from '../src/queue/commands.ts'
import { createKeys } from '../src/redis/keys.ts'
import type { Benchmark, BenchmarkContext } from './lib/benchmark.ts'
import { median, type Row } from './lib/results.ts'

const LENGTHS = [10_000, 100_000, 1_000_000, 5_000_000]
const CONCURRENCY = 64
const CALLS = 4_000
/** Users admitted by each call. */
const ADMITTED = 100

const TIMES = { admissionMs: 600_000, turnMs: 900_000, claimMs: 60_000, absenceGraceMs: 300_000 }

/** Adds waiting users as join.lua does, ten thousand in a call: KEYS[1] root; ARGV first number, last number, presence bucket. */
const FILL = `
local entries = {}
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local hex = redis.sha1hex(number)
  entries[#entries + 1] = number
  entries[#entries + 1] = hex:sub(1, 8) .. '-' .. hex:sub(9, 12) .. '-' .. hex:sub(13, 16) .. '-' .. hex:sub(17, 20) .. '-' .. hex:sub(21, 32)
  redis.call('SETBIT', KEYS[1] .. ':present:' .. ARGV[3], number, 1)
  if #entries >= 4000 then
    redis.call('ZADD', KEYS[1] .. ':waiting', unpack(entries))
    entries = {}
  end
end
if #entries > 0 then
  redis.call('ZADD', KEYS[1] .. ':waiting', unpack(entries))
end
redis.call('HSET', KEYS[1] .. ':meta', 'next', ARGV[2] + 1)`
const FILL_BATCH = 10_000

interface FilledQueue {
  concertId: string
  length: number
  bytes: number
}

/** Microseconds for each call. */
interface Measured {
  join: number
  position: number
  admission: number
}

export const queue: Benchmark = {
  name: 'queue',
  run: async ({ environment, rounds, log }) => {
    const connection = connectRedis({ url: environment.redisUrl, callMsMax: 30_000 })
    await connection.call(() => connection.redis.ping())
    const keys = createKeys('measured')
    const commands = createCommands(connection, keys, TIMES)
    const queues: FilledQueue[] = []
    for (const length of LENGTHS) {
      log(`filling a queue of ${length.toLocaleString('en')}`)
      queues.push(await fill(connection.redis, commands, (concertId) => keys.concert(concertId), length))
    }
    const measured = new Map(queues.map(({ length }) => [length, [] as Measured[]]))
    for (let round = 0; round < rounds; round++) {
      for (const filled of queues) measured.get(filled.length)?.push(await measure(commands, filled))
      log(`round ${round + 1}: ${JSON.stringify(measured.get(5_000_000)?.at(-1))}`)
    }
    const counted = await countBySql(environment.databaseUrl, rounds, log)
    await connection.close()

    const timesOf = (length: number, what: keyof Measured) =>
      (measured.get(length) ?? []).map((it) => it[what])
    const rows = LENGTHS.slice(1).flatMap((length) =>
      (['join', 'position', 'admission'] as const).map((what): Row => ({
        name: `${what} with ${length.toLocaleString('en')} waiting`,
        unit: 'µs',
        ours: timesOf(length, what),
        reference: { name: 'with 10,000', values: timesOf(10_000, what) },
        goal: { atMost: 2 },
        notes: what === 'admission' ? [`of ${ADMITTED}`] : [],
      })),
    )
    return [
      ...rows,
      {
        name: 'position with 5,000,000 waiting, beside a count in SQL',
        unit: 'µs',
        ours: timesOf(5_000_000, 'position'),
        reference: { name: 'select count(*)', values: counted },
        notes: [],
      },
      ...queues.map(({ length, bytes }): Row => ({
        name: `Redis memory for each of ${length.toLocaleString('en')} waiting`,
        unit: 'bytes',
        ours: [bytes],
        goal: { atMost: 300 },
        notes: [],
      })),
    ]
  },
}

async function fill(
  redis: Redis,
  commands: Commands,
  rootOf: (concertId: string) => string,
  length: number,
): Promise<FilledQueue> {
  const concertId = randomUUID()
  const settings = { capacity: 0, ratePerSecond: null, paused: false, version: 1 }
  const block = { first: 1, last: 100_000_000, fresh: true, settings }
  await commands.open(concertId, block, await commands.fence(concertId))
  const before = await usedBytes(redis)
  const bucket = Math.floor(Date.now() / (TIMES.absenceGraceMs / 5))
  for (let first = 1; first <= length; first += FILL_BATCH) {
    await redis.eval(FILL, 1, rootOf(concertId), first, Math.min(length, first + FILL_BATCH - 1), bucket)
  }
  return { concertId, length, bytes: ((await usedBytes(redis)) - before) / length }
}

async function measure(commands: Commands, { concertId, length }: FilledQueue): Promise<Measured> {
  const join = await microsOf(CALLS, () => commands.join(concertId, [randomUUID()]))
  const position = await microsOf(CALLS, () => {
    const number = randomInt(1, length)
    return commands.status(concertId, [{ concertId, userId: userOf(number), number }])
  })
  const version = Date.now()
  const settings = { ratePerSecond: null, paused: false }
  const { admitted } = await commands.counts(concertId)
  let capacity = admitted
  let step = 0
  const admission = await microsOf(
    20,
    async () => {
      capacity += ADMITTED
      step += 1
      await commands.configure(concertId, { ...settings, capacity, version: version + step })
    },
    1,
  )
  await commands.configure(concertId, { ...settings, capacity: 0, version: version + step + 1 })
  return { join, position, admission }
}

/** The user with a number, derived as in FILL. */
const userOf = (number: number): string => {
  const hex = createHash('sha1').update(String(number)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

async function microsOf(
  calls: number,
  call: () => Promise<unknown>,
  concurrency = CONCURRENCY,
): Promise<number> {
  let left = calls
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  return ((performance.now() - began) * 1_000) / calls
}

const usedBytes = async (redis: Redis): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])

/** The position of the last of five million tokens, counted in SQL: microseconds, once a round. */
async function countBySql(
  databaseUrl: string,
  rounds: number,
  log: BenchmarkContext['log'],
): Promise<number[]> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    log('filling a table of 5,000,000 tokens')
    await sql`create table tokens (seq bigint primary key, user_id uuid not null, state text not null)`
    await sql`insert into tokens select n, gen_random_uuid(), 'WAITING' from generate_series(1, 5000000) n`
    await sql`vacuum analyze tokens`
    const micros: number[] = []
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      await sql`select count(*) from tokens where state = 'WAITING' and seq < 5000000`
      micros.push((performance.now() - began) * 1_000)
    }
    log(`a count takes ${Math.round(median(micros) / 1_000)} ms`)
    return micros
  } finally {
    await sql.end()
  }
}
