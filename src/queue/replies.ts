import { RATE_WINDOW_MS_MIN, type QueueStats } from '../domain/stats.ts'
import type { LapseReason, QueueStatus } from '../domain/queue.ts'

/** The reply of a script that cannot run: the queue has to be opened, or needs a block of numbers. */
export type Blocked = 'UNOPENED' | 'BLOCK_SPENT'

/** UNKNOWN: the ticket may have been lost with the data of Redis, and can be restored. */
export type RawStatus = QueueStatus | 'UNKNOWN' | 'BLOCK_SPENT'

/** What holds for all waiting tickets. */
export interface QueueConditions {
  paused: boolean
  /** From the admissions of the last minute; null: there were none. */
  msPerPosition: number | null
}

/** What a script reports on tickets. */
export interface Report extends QueueConditions {
  /** That of the last delta that the report includes. */
  version: number
  /** One for each ticket, in the order given. */
  rawStatuses: RawStatus[]
}

export interface Joined {
  number: number
  status: QueueStatus
}

type Row = [kind: string, value?: number | string]
type Reply = [version: number, paused: number, admissions: number, inMs: number, ...rows: Row[]]

export const isBlocked = (reply: unknown): reply is Blocked => reply === 'UNOPENED' || reply === 'BLOCK_SPENT'

/** The likely wait at this position, in whole seconds. */
export const estimateWait = (position: number, msPerPosition: number | null): number | null =>
  msPerPosition === null ? null : Math.ceil((position * msPerPosition) / 1000)

const rateWindowMs = (inMs: number): number => Math.max(inMs, RATE_WINDOW_MS_MIN)

/** Decodes a report: see lua/lib/report.lua. */
export function toReport(reply: unknown): Blocked | Report {
  if (isBlocked(reply)) return reply
  const [version, paused, admissions, inMs, ...rows] = reply as Reply
  const msPerPosition = admissions > 0 ? rateWindowMs(inMs) / admissions : null
  const conditions = { paused: paused === 1, msPerPosition }
  return { version, ...conditions, rawStatuses: rows.map((row) => toRawStatus(row, conditions)) }
}

function toRawStatus([kind, value]: Row, { paused, msPerPosition }: QueueConditions): RawStatus {
  switch (kind) {
    case 'WAITING': {
      const position = Number(value)
      return {
        kind: 'Waiting',
        position,
        estimatedWaitSeconds: estimateWait(position, msPerPosition),
        paused,
      }
    }
    case 'ADMITTED':
      return { kind: 'Admitted', until: new Date(Number(value)) }
    case 'FINISHED':
      return { kind: 'Finished', at: new Date(Number(value)) }
    case 'LAPSED':
      return { kind: 'Lapsed', reason: value as LapseReason }
    case 'UNKNOWN':
    case 'BLOCK_SPENT':
      return kind
    default:
      throw new Error(`Unknown kind of status from Redis: ${kind}`)
  }
}

/** The reply of use.lua: a report, and the time until the latest end of the turn. */
export interface Used extends Report {
  turnLeftMs: number
}

/** Decodes the reply of use.lua. */
export function toUsed(reply: unknown): Blocked | Used {
  if (isBlocked(reply)) return reply
  const [report, turnLeftMs] = reply as [unknown, number]
  const decoded = toReport(report)
  return isBlocked(decoded) ? decoded : { ...decoded, turnLeftMs }
}

/** Decodes the reply of join.lua: one entry for each user, in the order given. */
export function toJoined(reply: unknown): Blocked | Joined[] {
  if (isBlocked(reply)) return reply
  const [report, ...numbers] = reply as [unknown, ...number[]]
  const decoded = toReport(report)
  return numbers.map((number, index) => {
    const status = isBlocked(decoded) ? decoded : decoded.rawStatuses[index]
    if (typeof status !== 'object') throw new Error('Redis does not know a ticket that it has just issued')
    return { number, status }
  })
}

/** Decodes the reply of find.lua: the live ticket of a user; null: none. */
export function toFound(reply: unknown): Joined | null {
  if (reply === null) return null
  const joined = toJoined(reply)
  if (isBlocked(joined)) return null
  return joined[0] ?? null
}

type StatsReply = [at: number, ...counts: [number, number, number, number, number, number, number, number]]

/** Decodes the reply of stats.lua. */
export function toStats(reply: unknown): QueueStats {
  const [at, issued, waiting, admitted, finished, lapsed, admittedTotal, admissions, inMs] =
    reply as StatsReply
  const admissionsPerSecond = (admissions / rateWindowMs(inMs)) * 1000
  return {
    at: new Date(at),
    issued,
    waiting,
    admitted,
    finished,
    lapsed,
    admittedTotal,
    admissionsPerSecond,
  }
}
