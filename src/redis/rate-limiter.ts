/** How much of something somebody may have: counted in Redis, so that it is one count for all instances. */
import { TimeoutError, withTimeout } from '../domain/timeout.ts'
import { Problem } from '../domain/problem.ts'
import type { RedisConnection } from './connection.ts'
import { createKeys } from './keys.ts'
import { defineScript } from './scripts.ts'

export interface RateLimiter {
  /**
   * Takes one. What cannot be counted, because Redis is slow or away, is let pass: a limit is no reason to stop
   * a payment.
   * @param countMax how many there are in a minute
   * @returns 0, or the milliseconds until there is one again
   */
  consume(what: string, who: string, countMax: number): Promise<number>
  /** Gives one back that was taken for nothing. */
  refund(what: string, who: string, countMax: number): Promise<void>
}

/** What waits for this answer could have been done without it. */
const COUNT_MS_MAX = 250

export function createRateLimiter(options: {
  connection: RedisConnection
  prefix?: string
  /** How long an answer may take, in milliseconds. */
  countMsMax?: number
}): RateLimiter {
  const { countMsMax = COUNT_MS_MAX } = options
  const { redis, call } = options.connection
  const keys = createKeys(options.prefix)
  const script = defineScript(redis, new URL('./lua/consume.lua', import.meta.url))

  async function run(what: string, who: string, countMax: number, many: 1 | -1): Promise<number> {
    // It would be kept for when Redis is back, and nobody waits so long.
    if (redis.status !== 'ready') return 0
    return withTimeout(
      countMsMax,
      call(() => script(keys.rate(what, who), countMax, many), 'consume.lua'),
    ).then(Number, (error: unknown) => {
      if (error instanceof Problem || error instanceof TimeoutError) return 0
      throw error
    })
  }

  return {
    consume: (what, who, countMax) => run(what, who, countMax, 1),
    refund: async (what, who, countMax) => {
      await run(what, who, countMax, -1)
    },
  }
}
