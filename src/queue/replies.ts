import type { LapseReason, QueueStatus } from '../domain/queue.ts'

/** What a script answers when the queue has to be opened, or needs numbers, before it can do its work. */
export type Blocked = 'UNOPENED' | 'BLOCK_SPENT'

/** How a ticket stands; UNKNOWN: it may have been lost with Redis's data, and may be put back. */
export type Told = QueueStatus | 'UNKNOWN' | 'BLOCK_SPENT'

export interface Joined {
  number: number
  status: QueueStatus
}

type Row = [kind: string, value?: number | string]
type Report = [paused: number, admissions: number, inMs: number, ...rows: Row[]]

/** Over less than this an admission rate says little. */
const PACE_MS_MIN = 10_000

export const isBlocked = (reply: unknown): reply is Blocked => reply === 'UNOPENED' || reply === 'BLOCK_SPENT'

/** Decodes what lua/lib/report.lua returns: one entry for each ticket that was asked for, in that order. */
export function toReport(reply: unknown): Blocked | Told[] {
  if (isBlocked(reply)) return reply
  const [paused, admissions, inMs, ...rows] = reply as Report
  const msPerPlace = admissions > 0 ? Math.max(inMs, PACE_MS_MIN) / admissions : null
  return rows.map(([kind, value]): Told => {
    switch (kind) {
      case 'WAITING': {
        const position = Number(value)
        const estimatedWaitSeconds = msPerPlace === null ? null : Math.ceil((position * msPerPlace) / 1000)
        return { kind: 'Waiting', position, estimatedWaitSeconds, paused: paused === 1 }
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
  })
}

/** Decodes what join.lua returns. */
export function toJoined(reply: unknown): Blocked | Joined {
  if (isBlocked(reply)) return reply
  const [number, report] = reply as [number, unknown]
  const [status] = toReport(report)
  if (typeof status !== 'object') throw new Error('Redis does not know a ticket that it has just given out')
  return { number, status }
}
