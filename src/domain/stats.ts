/** How a concert is doing, for its operators, and what a change of its queue would do. */
import type { QueueSettings } from './queue.ts'

/** Of every ticket ever issued; issued = waiting + admitted + finished + lapsed. From 0 again with an empty Redis. */
export interface QueueStats {
  at: Date
  issued: number
  /** In line, or skipped and free to return to it. */
  waiting: number
  admitted: number
  finished: number
  lapsed: number
  /** How many were ever let in. */
  admittedTotal: number
  /** By the admissions of the last minute. */
  admissionsPerSecond: number
}

/** Of all dates of a concert together. */
export interface SeatStats {
  sold: number
  held: number
  free: number
  /** Seats that two have, or that there are not: always 0. */
  oversold: number
  /** What was paid for the seats that are sold, in points. */
  pointsTaken: number
}

export interface ConcertStats extends QueueStats, SeatStats {
  /** By what settings people are let in; null: not known of that moment. */
  settings: QueueSettings | null
}

export interface QueueForecast {
  waiting: number
  /** How many will be let in a second, at the most; null: not known yet. */
  admissionsPerSecond: number | null
  /** Until the last one who waits now is let in; null: never, or not known yet. */
  seconds: number | null
}

/** Over less than this a rate says little. */
export const RATE_WINDOW_MS_MIN = 10_000
const RATE_WINDOW_MS_MAX = 60_000

/**
 * How many admissions ended in a second, lately.
 * @param history in order of time
 * @returns null: nobody has looked for long enough
 */
export function departuresPerSecond(history: readonly QueueStats[], now: QueueStats): number | null {
  const ageMs = (then: QueueStats): number => now.at.getTime() - then.at.getTime()
  const then = history.find((sample) => ageMs(sample) <= RATE_WINDOW_MS_MAX)
  if (!then || ageMs(then) < RATE_WINDOW_MS_MIN) return null
  const ended = now.admittedTotal - now.admitted - (then.admittedTotal - then.admitted)
  return ended < 0 ? null : (ended / ageMs(then)) * 1000
}

/**
 * What settings would do, if everybody who waits stays. A slot comes free as often as slots did lately: by Little's law
 * (J. D. C. Little, 1961) somebody is in for admitted / endings, whatever the capacity.
 * @param endings of admissions, in a second; null: not known
 */
export function forecast(
  { waiting, admitted }: Pick<QueueStats, 'waiting' | 'admitted'>,
  endings: number | null,
  { capacity, ratePerSecond, paused }: Omit<QueueSettings, 'version'>,
): QueueForecast {
  const rate = ratePerSecond ?? Infinity
  if (paused || capacity === 0) return { waiting, admissionsPerSecond: 0, seconds: waiting === 0 ? 0 : null }
  const freeing = endings === null || admitted === 0 ? null : (endings / admitted) * capacity
  const admissionsPerSecond = freeing === null ? ratePerSecond : Math.min(freeing, rate)
  const byRate = waiting / rate
  const behind = waiting - (capacity - admitted)
  if (waiting === 0 || behind <= 0) return { waiting, admissionsPerSecond, seconds: Math.ceil(byRate) }
  if (freeing === null || freeing === 0) return { waiting, admissionsPerSecond, seconds: null }
  return { waiting, admissionsPerSecond, seconds: Math.ceil(Math.max(byRate, behind / freeing)) }
}
