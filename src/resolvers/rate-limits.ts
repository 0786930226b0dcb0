import { Problem } from '../domain/problem.ts'
import { viewerOrNull } from './authorization.ts'
import type { Context, RateLimits } from './context.ts'

/**
 * Once more, of what this user or this address may do so many times in a minute. Operators act for many, and are
 * not counted.
 * @param limits all of them have to allow it; whoever is stopped by one takes nothing from the others
 * @throws Problem RATE_LIMITED
 */
export async function enforceRateLimits(
  context: Context,
  ...limits: [what: keyof RateLimits, who: string][]
): Promise<void> {
  if (viewerOrNull(context)?.role === 'operator') return
  const { rateLimiter: rates, config } = context
  const waits = await Promise.all(
    limits.map(([what, who]) => rates.consume(what, who, config.rateLimits[what])),
  )
  const waitMs = Math.max(...waits)
  if (waitMs === 0) return
  // One trip for all, as most are allowed; what was taken for nothing goes back, for others of the address may want it.
  const taken = limits.filter((_, index) => waits[index] === 0)
  await Promise.all(taken.map(([what, who]) => rates.refund(what, who, config.rateLimits[what])))
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  throw new Problem('RATE_LIMITED', `Too often. Try again in ${retryAfterSeconds} s.`, { retryAfterSeconds })
}
