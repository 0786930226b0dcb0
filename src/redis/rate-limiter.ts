import { TimeoutError, withTimeout } from '../domain/timeout.ts'
import { Problem } from '../domain/problem.ts'
import type { RedisConnection } from './connection.ts'
import { createKeys } from './keys.ts'
import { defineScript } from './scripts.ts'

/** Limits by the minute, counted in Redis for all servers together. */
export interface RateLimiter {
  /**
   * Consumes one. While Redis is slow or away everything is allowed: a rate limit must not stop a payment.
   * @param limit the name of the limit
   * @param subject what it is counted for: a user, an address
   * @param countMax how many a minute
   * @returns 0, or the milliseconds until one is available
   */
  consume(limit: string, subject: string, countMax: number): Promise<number>
  /** Returns one that was consumed. */
  refund(limit: string, subject: string, countMax: number): Promise<void>
}

/** Short, because a request waits for it. */
const COUNT_MS_MAX = 250

export function createRateLimiter(options: {
  connection: RedisConnection
  prefix?: string
  /** The longest time for a reply, in milliseconds; after that the request is allowed. */
  countMsMax?: number
}): RateLimiter {
  const { countMsMax = COUNT_MS_MAX } = options
  const { redis, call } = options.connection
  const keys = createKeys(options.prefix)
  const script = defineScript(redis, new URL('./lua/consume.lua', import.meta.url))

  async function run(limit: string, subject: string, countMax: number, amount: 1 | -1): Promise<number> {
    // A call would wait for the connection.
    if (redis.status !== 'ready') return 0
    return withTimeout(
      countMsMax,
      call(() => script(keys.rate(limit, subject), countMax, amount), 'consume.lua'),
    ).then(Number, (error: unknown) => {
      if (error instanceof Problem || error instanceof TimeoutError) return 0
      throw error
    })
  }

  return {
    consume: (limit, subject, countMax) => run(limit, subject, countMax, 1),
    refund: async (limit, subject, countMax) => {
      await run(limit, subject, countMax, -1)
    },
  }
}
