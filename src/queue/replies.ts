import { RATE_WINDOW_MS_MIN, type QueueStats } from '../domain/stats.ts'
import type { LapseReason, QueueStatus } from '../domain/queue.ts'

/** What a script answers when the queue has to be opened, or needs numbers, before it can do its work. */
export type Blocked = 'UNOPENED' | 'BLOCK_SPENT'

/** How a ticket stands; UNKNOWN: it may have been lost with Redis's data, and may be put back. */
export type RawStatus = QueueStatus | 'UNKNOWN' | 'BLOCK_SPENT'

/** What holds for all who wait. */
export interface QueueConditions {
  paused: boolean
  /** By the admissions of the last minute; null: there were none. */
  msPerPosition: number | null
}

/** What a script says about tickets: one entry for each that was asked for, in that order. */
export interface Report extends QueueConditions {
  /** Of the last wake-up that this knows of: what a later one says has happened since. */
  version: number
  rawStatuses: RawStatus[]
}

export interface Joined {
  number: number
  status: QueueStatus
}

type Row = [kind: string, value?: number | string]
type Reply = [version: number, paused: number, admissions: number, inMs: number, ...rows: Row[]]

export const isBlocked = (reply: unknown): reply is Blocked => reply === 'UNOPENED' || reply === 'BLOCK_SPENT'

/** How long somebody at this position is likely to wait, in whole seconds. */
export const estimateWait = (position: number, msPerPosition: number | null): number | null =>
  msPerPosition === null ? null : Math.ceil((position * msPerPosition) / 1000)

const rateWindowMs = (inMs: number): number => Math.max(inMs, RATE_WINDOW_MS_MIN)

/** Decodes what lua/lib/report.lua returns. */
export function toReport(reply: unknown): Blocked | Report {
  if (isBlocked(reply)) return reply
  const [version, paused, admissions, inMs, ...rows] = reply as Reply
  const msPerPosition = admissions > 0 ? rateWindowMs(inMs) / admissions : null
  const outlook = { paused: paused === 1, msPerPosition }
  return { version, ...outlook, rawStatuses: rows.map((row) => toRawStatus(row, outlook)) }
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

/** What use.lua says: a report, and how long the turn can still last. */
export interface Used extends Report {
  turnLeftMs: number
}

/** Decodes what use.lua returns. */
export function toUsed(reply: unknown): Blocked | Used {
  if (isBlocked(reply)) return reply
  const [report, turnLeftMs] = reply as [unknown, number]
  const decoded = toReport(report)
  return isBlocked(decoded) ? decoded : { ...decoded, turnLeftMs }
}

/** Decodes what join.lua returns: one entry for each user, in the order given. */
export function toJoined(reply: unknown): Blocked | Joined[] {
  if (isBlocked(reply)) return reply
  const [report, ...numbers] = reply as [unknown, ...number[]]
  const decoded = toReport(report)
  return numbers.map((number, index) => {
    const status = isBlocked(decoded) ? decoded : decoded.rawStatuses[index]
    if (typeof status !== 'object') throw new Error('Redis does not know a ticket that it has just given out')
    return { number, status }
  })
}

/** Decodes what find.lua returns: the live ticket of a user, if there is one. */
export function toFound(reply: unknown): Joined | null {
  if (reply === null) return null
  const joined = toJoined(reply)
  if (isBlocked(joined)) return null
  return joined[0] ?? null
}

type StatsReply = [at: number, ...counts: [number, number, number, number, number, number, number, number]]

/** Decodes what stats.lua returns. */
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
