import { Problem } from '../domain/problem.ts'
import { viewerOrNull } from './authorization.ts'
import type { Context, RateLimits } from './context.ts'

/**
 * Counts one call against the limits per minute of a user or an address. Operators act for many users, and are not limited.
 * @param limits the call needs all of them; if one refuses it, it counts against none
 * @throws Problem RATE_LIMITED
 */
export async function enforceRateLimits(
  context: Context,
  ...limits: [limit: keyof RateLimits, key: string][]
): Promise<void> {
  if (viewerOrNull(context)?.role === 'operator') return
  const { rateLimiter, config } = context
  const waits = await Promise.all(
    limits.map(([limit, key]) => rateLimiter.consume(limit, key, config.rateLimits[limit])),
  )
  const waitMs = Math.max(...waits)
  if (waitMs === 0) return
  // All are consumed in one trip, because most calls are allowed. A refused call gives back what it has consumed.
  const consumed = limits.filter((_, index) => waits[index] === 0)
  await Promise.all(consumed.map(([limit, key]) => rateLimiter.refund(limit, key, config.rateLimits[limit])))
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  throw new Problem('RATE_LIMITED', `Too many requests. Try again in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  })
}
