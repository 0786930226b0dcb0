import type { RateLimits } from '../config.ts'
import type { Context } from '../context.ts'
import { Problem } from '../domain/problem.ts'
import { viewerIfAny } from './access.ts'

/**
 * Once more, of what this user or this address may do so many times in a minute. Operators act for many, and are
 * not counted.
 * @param limits one after the other: who is stopped by the first, the user's, takes nothing from the others of their address
 * @throws Problem RATE_LIMITED
 */
export async function countAgainst(
  context: Context,
  ...limits: [what: keyof RateLimits, who: string][]
): Promise<void> {
  if (viewerIfAny(context)?.role === 'operator') return
  const { rates, config } = context
  for (const [what, who] of limits) {
    const waitMs = await rates.take(what, who, config.rateLimits[what])
    if (waitMs > 0) throw tooOften(waitMs)
  }
}

function tooOften(waitMs: number): Problem {
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  return new Problem('RATE_LIMITED', `Too often. Try again in ${retryAfterSeconds} s.`, { retryAfterSeconds })
}
