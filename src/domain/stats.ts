/** The statistics of a concert, and a forecast for its queue. */
import type { QueueSettings } from './queue.ts'

/** Counts of tickets: issued = waiting + admitted + finished + lapsed. From 0 again after Redis lost its data. */
export interface QueueStats {
  at: Date
  issued: number
  /** In the queue, or skipped for absence and able to return. */
  waiting: number
  admitted: number
  finished: number
  lapsed: number
  /** Total admissions. */
  admittedTotal: number
  /** Average of the last minute. */
  admissionsPerSecond: number
}

/** Of all dates of a concert together. */
export interface SeatStats {
  sold: number
  held: number
  free: number
  /** Seats with two owners, or that do not exist: always 0. */
  oversold: number
  /** The sum of the payments for sold seats, in points. */
  revenue: number
}

export interface ConcertStats extends QueueStats, SeatStats {
  /** The settings at that time; null: unknown. */
  settings: QueueSettings | null
}

export interface QueueForecast {
  waiting: number
  /** Null: unknown yet. */
  admissionsPerSecond: number | null
  /** Until the last of those waiting now is admitted; null: never, or unknown yet. */
  seconds: number | null
}

/** A rate over a shorter time means little. */
export const RATE_WINDOW_MS_MIN = 10_000
const RATE_WINDOW_MS_MAX = 60_000

/**
 * How many admissions ended per second during the last minute.
 * @param history in order of time
 * @returns null: the history is too short
 */
export function departuresPerSecond(history: readonly QueueStats[], now: QueueStats): number | null {
  const ageMs = (then: QueueStats): number => now.at.getTime() - then.at.getTime()
  const then = history.find((sample) => ageMs(sample) <= RATE_WINDOW_MS_MAX)
  if (!then || ageMs(then) < RATE_WINDOW_MS_MIN) return null
  const departures = now.admittedTotal - now.admitted - (then.admittedTotal - then.admitted)
  return departures < 0 ? null : (departures / ageMs(then)) * 1000
}

/**
 * What settings would lead to if every waiting ticket stays. By Little's law (J. D. C. Little, 1961) an admission lasts
 * admitted / departures, and it is assumed to last as long with another capacity.
 * @param departures per second; null: unknown
 */
export function forecast(
  { waiting, admitted }: Pick<QueueStats, 'waiting' | 'admitted'>,
  departures: number | null,
  { capacity, ratePerSecond, paused }: Omit<QueueSettings, 'version'>,
): QueueForecast {
  const rate = ratePerSecond ?? Infinity
  if (paused || capacity === 0) return { waiting, admissionsPerSecond: 0, seconds: waiting === 0 ? 0 : null }
  const departuresAtCapacity =
    departures === null || admitted === 0 ? null : (departures / admitted) * capacity
  const admissionsPerSecond =
    departuresAtCapacity === null ? ratePerSecond : Math.min(departuresAtCapacity, rate)
  const secondsByRate = waiting / rate
  /** Waiting tickets beyond the free slots. */
  const excess = waiting - (capacity - admitted)
  if (waiting === 0 || excess <= 0) return { waiting, admissionsPerSecond, seconds: Math.ceil(secondsByRate) }
  if (departuresAtCapacity === null || departuresAtCapacity === 0)
    return { waiting, admissionsPerSecond, seconds: null }
  return {
    waiting,
    admissionsPerSecond,
    seconds: Math.ceil(Math.max(secondsByRate, excess / departuresAtCapacity)),
  }
}
