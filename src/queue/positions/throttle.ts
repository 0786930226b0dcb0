import type { QueueStatus } from '../../domain/queue.ts'

export type Waiting = Extract<QueueStatus, { kind: 'Waiting' }>

/** Up to this position every change is sent at once. */
export const FRONT = 10

/** A move by this share of the position is sent at once, at any position. */
const MOVED_SHARE = 0.1
/** An estimate that differs by this share is sent. */
const ESTIMATE_SHARE = 0.1

/** Other changes are sent this often: ten positions are worth a tenth of a second. */
const INTERVAL_MS_PER_POSITION = 10
const INTERVAL_MS_MIN = 1_000
const INTERVAL_MS_MAX = 30_000

/** Whether a status differs enough from the last one to be sent, now or later. */
export const hasChanged = (lastSent: Waiting, { position, estimatedWaitSeconds, paused }: Waiting): boolean =>
  lastSent.position !== position ||
  lastSent.paused !== paused ||
  estimateDiffers(lastSent.estimatedWaitSeconds, estimatedWaitSeconds)

/**
 * Whether a changed status is sent now: at the front of the queue at once, further back less often, so that the cost of
 * a change does not grow with the length of the queue.
 * @param ageMs since the last status was sent
 */
export function isDue(lastSent: Waiting, { position, paused }: Waiting, ageMs: number): boolean {
  if (lastSent.paused !== paused) return true
  const intervalMs = Math.min(Math.max(position * INTERVAL_MS_PER_POSITION, INTERVAL_MS_MIN), INTERVAL_MS_MAX)
  if (ageMs >= intervalMs) return true
  const moved = Math.abs(lastSent.position - position)
  return moved > 0 && (position <= FRONT || moved >= position * MOVED_SHARE)
}

function estimateDiffers(lastSent: number | null, current: number | null): boolean {
  if (lastSent === null || current === null) return lastSent !== current
  return Math.abs(lastSent - current) > Math.max(1, lastSent * ESTIMATE_SHARE)
}
