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

/** Long enough that nothing expires during a test. */
export const LONG_TIMES: QueueTimes = {
  admissionMs: 600_000,
  turnMs: 900_000,
  claimMs: 60_000,
  absenceGraceMs: 300_000,
}

export const OPEN_SETTINGS: QueueSettings = { capacity: 1, ratePerSecond: null, paused: false, version: 1 }

/** A QueueStore in memory. */
export interface TestQueueStore extends QueueStore {
  settings: QueueSettings
  blockSize: number
  reserved: number
  ended: Map<number, TicketEnd>
  lookups: number
}

function createTestQueueStore(settings: Partial<QueueSettings> = {}, blockSize = 1_000): TestQueueStore {
  const store: TestQueueStore = {
    settings: { ...OPEN_SETTINGS, ...settings },
    blockSize,
    reserved: 0,
    ended: new Map(),
    lookups: 0,
    reserveNumbers: () => {
      const first = store.reserved + 1
      store.reserved += store.blockSize
      return Promise.resolve({ first, last: store.reserved, fresh: first === 1, settings: store.settings })
    },
    endedTickets: () => {
      store.lookups += 1
      return Promise.resolve(store.ended)
    },
  }
  return store
}

/** The queue of one server. */
export interface Instance {
  connection: RedisConnection
  pubsub: PubSub
  commands: Commands
  queue: Queue
  /** How many calls to Redis it has made. */
  calls(): number
}

/** The queue of one concert under its own prefix, with any number of instances and a clock that can be set. */
export interface QueueHarness extends Instance {
  prefix: string
  concertId: string
  store: TestQueueStore
  /** Another instance, with connections of its own. */
  instance(url?: string, times?: Partial<QueueTimes>): Instance
  /** Joins as a new user. */
  joinNewUser(): Promise<{ ticket: QueueTicket; status: QueueStatus }>
  tick(): Promise<void>
  key(name: string): string
  members(name: 'waiting' | 'admitted' | 'absent'): Promise<string[]>
  setMeta(fields: Record<string, string | number>): Promise<void>
  /** Removes the presence of all users. */
  clearPresence(): Promise<void>
  /** Makes the admission of this user expire. */
  expireAdmission(userId: string): Promise<void>
  /** Sets the scripts' clock ahead of Redis's own; needs the option `fakeClock`. */
  setClock(aheadMs: number): Promise<void>
  /** Removes all data, as an empty restart does. */
  clearRedis(): Promise<void>
}

export interface QueueHarnessOptions {
  settings?: Partial<QueueSettings>
  times?: Partial<QueueTimes>
  blockSize?: number
  /** Gives the scripts the clock of `setClock`. */
  fakeClock?: boolean
  /** Runs each call to Redis in place of the instance. */
  intercept?: <T>(run: () => Promise<T>, what: string) => Promise<T>
}

/** The keys are removed after the tests of the file. */
export function createQueueHarness({
  settings,
  times,
  blockSize,
  fakeClock,
  intercept = (run) => run(),
}: QueueHarnessOptions = {}): QueueHarness {
  const prefix = `test:${randomUUID()}`
  const concertId = randomUUID()
  const store = createTestQueueStore(settings, blockSize)
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
    const queue = createQueue({ connection, pubsub, store, times: instanceTimes, prefix })
    const commands = createCommands(connection, keys, instanceTimes)
    return { connection, pubsub, queue, commands, calls: () => calls }
  }

  const own = instance()
  const { redis } = own.connection
  const key = (name: string): string => `${keys.concert(concertId)}:${name}`
  const remove = async (pattern: string): Promise<void> => {
    await ping(own.connection)
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
    store,
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
      await ping(own.connection)
      await redis.set(offsetKey, aheadMs)
    },
    clearRedis: () => remove(`${prefix}:*`),
  }
}

/** Makes the scripts of a connection add the value of a key to Redis's time. */
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

/** The instances in rotation. */
export function roundRobin(...queues: [Queue, ...Queue[]]): () => Queue {
  let turn = 0
  return () => queues[turn++ % queues.length] ?? queues[0]
}

/** A proxy in front of Redis. */
export const createRedisProxy = () => createTcpProxy(redisUrl)

/** Rejects while Redis is away. */
export const ping = ({ call, redis }: Pick<RedisConnection, 'call' | 'redis'>): Promise<string> =>
  call(() => redis.ping())
