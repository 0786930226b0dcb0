import type { QueueStatus } from '../../domain/queue.ts'

export type Waiting = Extract<QueueStatus, { kind: 'Waiting' }>

/** Up to this position everybody hears of every change. */
export const FRONT = 10

/** Who moved by so much of their position hears of it now, however far away they are. */
const MOVED_SHARE = 0.1
/** And so does, at some time, who did not move but would wait longer or shorter by so much. */
const ESTIMATE_SHARE = 0.1

/** Everybody else hears of their changes so often: ten places are worth waiting a tenth of a second for. */
const INTERVAL_MS_PER_POSITION = 10
const INTERVAL_MS_MIN = 1_000
const INTERVAL_MS_MAX = 30_000

/** Is there anything that somebody should hear, now or later? */
export const hasChanged = (told: Waiting, { position, estimatedWaitSeconds, paused }: Waiting): boolean =>
  told.position !== position ||
  told.paused !== paused ||
  differs(told.estimatedWaitSeconds, estimatedWaitSeconds)

/**
 * Is it time to tell this one the news? The front of the queue hears at once, the far end less often, so that the
 * cost of a change does not grow with the length of the queue.
 * @param ageMs since the last thing that was told
 */
export function isDue(told: Waiting, { position, paused }: Waiting, ageMs: number): boolean {
  if (told.paused !== paused) return true
  if (ageMs >= Math.min(Math.max(position * INTERVAL_MS_PER_POSITION, INTERVAL_MS_MIN), INTERVAL_MS_MAX))
    return true
  const moved = Math.abs(told.position - position)
  return moved > 0 && (position <= FRONT || moved >= position * MOVED_SHARE)
}

function differs(told: number | null, now: number | null): boolean {
  if (told === null || now === null) return told !== now
  return Math.abs(told - now) > Math.max(1, told * ESTIMATE_SHARE)
}
