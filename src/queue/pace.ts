import type { QueueStatus } from '../domain/queue.ts'

/** What wake-ups since the last look have said: numbers to look at now, and everybody in line up to `through`. */
export interface Hint {
  through: number
  numbers: ReadonlySet<number>
}

/** One who watches a ticket, as far as it matters for when to read again. Times in milliseconds. */
export interface Watched {
  number: number
  /** What was last told; null: nothing yet. */
  seen: QueueStatus | null
  readAt: number
  /** Something has changed in the queue since it was read. */
  stale: boolean
}

/**
 * Is it time to read this one again? The front of the queue hears of every change, the far end less often,
 * so that the cost of a change does not grow with the length of the queue.
 * @param repairMs the longest time without reading, whether or not there was a wake-up
 */
export function isDue(watched: Watched, hint: Hint | null, now: number, repairMs: number): boolean {
  const { number, seen, readAt, stale } = watched
  if (seen === null) return true
  const age = now - readAt
  if (age >= repairMs) return true
  if (hint?.numbers.has(number)) return true
  if (hint && seen.kind === 'Waiting' && number <= hint.through) return true
  return stale && age >= changesEveryMs(seen)
}

function changesEveryMs(seen: QueueStatus): number {
  if (seen.kind !== 'Waiting') return 1_000
  if (seen.position <= 100) return 0
  return seen.position <= 1_000 ? 1_000 : 5_000
}
