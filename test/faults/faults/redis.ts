import { Redis } from 'ioredis'
import type { Fault, RedisService } from '../cluster/types.ts'
import { jittered, retry, delay } from './timing.ts'

const killed = (name: string, start: (store: RedisService) => Promise<void>): Fault => ({
  name,
  target: 'redis',
  run: async ({ redis: store }, random, signal) => {
    store.kill('SIGKILL')
    await store.ended()
    await delay(jittered(1_500, random), signal)
    await retry(() => start(store))
  },
})

const olderFile: Fault = {
  name: 'Redis from an older file',
  target: 'redis',
  run: async ({ redis: store }, random, signal) => {
    store.saveCopy()
    await delay(jittered(4_000, random), signal)
    store.kill('SIGKILL')
    await store.ended()
    await retry(() => store.startFromCopy())
  },
}

const paused: Fault = {
  name: 'Redis paused 10 s',
  target: 'redis',
  run: async ({ redis: store }, _, signal) => {
    store.kill('SIGSTOP')
    await delay(10_000, signal)
    store.kill('SIGCONT')
  },
}

const pubsubKilled: Fault = {
  name: 'pub/sub connections killed',
  target: 'redis',
  run: async ({ redisUrl }, random, signal) => {
    const redis = new Redis(redisUrl, { lazyConnect: true })
    try {
      await redis.connect()
      for (let round = random.int(1, 5); round > 0 && !signal.aborted; round--) {
        await redis.client('KILL', 'TYPE', 'pubsub')
        await delay(random.int(10, 600), signal)
      }
    } finally {
      redis.disconnect()
    }
  },
}

/** Commands that may need memory are refused, and scripts with them. */
const outOfMemory: Fault = {
  name: 'Redis out of memory',
  target: 'redis',
  run: async ({ redisUrl }, random, signal) => {
    const redis = new Redis(redisUrl, { lazyConnect: true })
    try {
      await redis.connect()
      await redis.config('SET', 'maxmemory', '1')
      await delay(jittered(5_000, random), signal)
    } finally {
      await retry(() => redis.config('SET', 'maxmemory', '0'))
      redis.disconnect()
    }
  },
}

export const redisFaults: readonly Fault[] = [
  killed('Redis killed', (store) => store.start()),
  killed('Redis restarted empty', (store) => store.startEmpty()),
  olderFile,
  paused,
  pubsubKilled,
  outOfMemory,
]
