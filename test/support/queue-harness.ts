import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, inject } from 'vitest'
import type {
  QueueSettings,
  QueueStatus,
  QueueTicket,
  QueueTimes,
  TicketEnd,
} from '../../src/domain/queue.ts'
import { connectRedis } from '../../src/redis/connection.ts'
import type { RedisConnection } from '../../src/redis/connection.ts'
import { createCommands } from '../../src/queue/commands.ts'
import type { Commands } from '../../src/queue/commands.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { createQueue } from '../../src/queue/queue.ts'
import type { Queue, QueueStore } from '../../src/queue/queue.ts'
import { createPubSub } from '../../src/redis/pubsub.ts'
import type { PubSub } from '../../src/redis/pubsub.ts'
import { createTcpProxy } from './tcp-proxy.ts'

export const redisUrl = inject('redisUrl')

/** Long enough that nothing runs out by itself while a test runs. */
export const LONG_TIMES: QueueTimes = {
  admissionMs: 600_000,
  turnMs: 900_000,
  claimMs: 60_000,
  absenceGraceMs: 300_000,
}

export const OPEN_SETTINGS: QueueSettings = { capacity: 1, ratePerSecond: null, paused: false, version: 1 }

/** Books in memory: honest about numbers, which only grow, and about tickets that have ended. */
export interface TestQueueStore extends QueueStore {
  settings: QueueSettings
  blockSize: number
  reserved: number
  ended: Map<number, TicketEnd>
  lookups: number
}

function createTestQueueStore(settings: Partial<QueueSettings> = {}, blockSize = 1_000): TestQueueStore {
  const books: TestQueueStore = {
    settings: { ...OPEN_SETTINGS, ...settings },
    blockSize,
    reserved: 0,
    ended: new Map(),
    lookups: 0,
    reserveNumbers: () => {
      const first = books.reserved + 1
      books.reserved += books.blockSize
      return Promise.resolve({ first, last: books.reserved, fresh: first === 1, settings: books.settings })
    },
    endedTickets: () => {
      books.lookups += 1
      return Promise.resolve(books.ended)
    },
  }
  return books
}

/** One instance of the server, as far as the queue goes. */
export interface Instance {
  connection: RedisConnection
  pubsub: PubSub
  commands: Commands
  queue: Queue
  /** How many calls it has made to Redis. */
  calls(): number
}

/** A queue of its own: one concert under its own prefix, any number of instances, and hands on its clock. */
export interface QueueHarness extends Instance {
  prefix: string
  concertId: string
  store: TestQueueStore
  /** Another instance, over its own connections; maybe with other times. */
  instance(url?: string, times?: Partial<QueueTimes>): Instance
  /** A new user, who joins. */
  joinNewUser(): Promise<{ ticket: QueueTicket; status: QueueStatus }>
  tick(): Promise<void>
  key(name: string): string
  members(name: 'waiting' | 'admitted' | 'absent'): Promise<string[]>
  setMeta(fields: Record<string, string | number>): Promise<void>
  /** Nobody has been seen lately. */
  clearPresence(): Promise<void>
  /** The admission of this user has run out. */
  expireAdmission(userId: string): Promise<void>
  /** Sets the clock that the scripts see ahead of Redis's own, with the option `ownClock`. */
  setClock(aheadMs: number): Promise<void>
  /** Redis comes back empty. */
  clearRedis(): Promise<void>
}

export interface QueueHarnessOptions {
  settings?: Partial<QueueSettings>
  times?: Partial<QueueTimes>
  blockSize?: number
  /** The scripts see the time of Redis as `setClock` has it. */
  fakeClock?: boolean
  /** Stands between the instances and Redis: sends what they send, as often as it wants. */
  intercept?: <T>(run: () => Promise<T>, what: string) => Promise<T>
}

/** Sets a stage that is struck after the tests of the file. */
export function createQueueHarness({
  settings,
  times,
  blockSize,
  fakeClock,
  intercept = (run) => run(),
}: QueueHarnessOptions = {}): QueueHarness {
  const prefix = `test:${randomUUID()}`
  const concertId = randomUUID()
  const books = createTestQueueStore(settings, blockSize)
  const connections: RedisConnection[] = []
  const keys = createKeys(prefix)
  const queueTimes = { ...LONG_TIMES, ...times }
  const offsetKey = `${prefix}:clock`

  const instance = (url = redisUrl, ofInstance: Partial<QueueTimes> = {}): Instance => {
    const opened = connectRedis({ url, prefix })
    const instanceTimes = { ...queueTimes, ...ofInstance }
    if (fakeClock) readClockWithOffset(opened.redis, offsetKey)
    connections.push(opened)
    let calls = 0
    const connection: RedisConnection = {
      ...opened,
      call: (run, what = 'command') => {
        calls += 1
        return opened.call(() => intercept(run, what), what)
      },
    }
    const pubsub = createPubSub({ connection, prefix })
    const queue = createQueue({ connection, pubsub, store: books, times: instanceTimes, prefix })
    const commands = createCommands(connection, keys, instanceTimes)
    return { connection, pubsub, queue, commands, calls: () => calls }
  }

  const own = instance()
  const { redis } = own.connection
  const key = (name: string): string => `${keys.concert(concertId)}:${name}`
  const remove = async (pattern: string): Promise<void> => {
    await own.connection.ping()
    for await (const found of redis.scanStream({ match: pattern, count: 1_000 }))
      if ((found as string[]).length > 0) await redis.del(...(found as string[]))
  }

  afterAll(async () => {
    await remove(`${prefix}:*`)
    await Promise.all(connections.map((open) => open.close()))
  })

  return {
    ...own,
    prefix,
    concertId,
    store: books,
    instance,
    key,
    joinNewUser: () => own.queue.join(concertId, randomUUID()),
    tick: () => own.queue.tick(),
    members: (name) => redis.zrange(key(name), 0, -1),
    setMeta: async (fields) => {
      await redis.hset(key('meta'), fields)
    },
    clearPresence: () => remove(key('present:*')),
    expireAdmission: async (userId) => {
      await redis.zadd(key('admitted'), 'XX', 1, userId)
    },
    setClock: async (aheadMs) => {
      await own.connection.ping()
      await redis.set(offsetKey, aheadMs)
    },
    clearRedis: () => remove(`${prefix}:*`),
  }
}

/** Has the scripts of a connection add to Redis's time what stands in a key. */
function readClockWithOffset(redis: Redis, offsetKey: string): void {
  const define = redis.defineCommand.bind(redis)
  const time = `local function time_with_offset()
    local time = redis.call('TIME')
    local seconds = tonumber(time[1]) + tonumber(redis.call('GET', '${offsetKey}') or 0) / 1000
    return { math.floor(seconds), tonumber(time[2]) }
  end
  `
  redis.defineCommand = (name, definition) => {
    const { lua } = definition
    define(name, { ...definition, lua: time + lua.replaceAll("redis.call('TIME')", 'time_with_offset()') })
  }
}

/** Calls through several instances in turn. */
export function roundRobin(...queues: [Queue, ...Queue[]]): () => Queue {
  let turn = 0
  return () => queues[turn++ % queues.length] ?? queues[0]
}

/** A way to Redis that can be cut. */
export const createRedisProxy = () => createTcpProxy(redisUrl)
