/** The queue of a concert: tickets, their status, settings and times. */
import { Problem } from './problem.ts'

/** The claims of a signed queue ticket. A number is never issued twice for a concert. */
export interface QueueTicket {
  userId: string
  concertId: string
  /** The place in the queue, in order of request. There may be gaps. */
  number: number
}

/** A ticket whose status is read. */
export interface StatusQuery extends QueueTicket {
  /** The read does not count as presence: it is not the client that asks for the status. */
  passive?: boolean
}

export type LapseReason = 'ADMISSION_EXPIRED' | 'NOT_CLAIMED' | 'LEFT'

/** Why a ticket has ended for good: it has paid for seats, or its owner left the queue. */
export type TicketEnd = 'PAID' | 'LEFT'

export type QueueStatus =
  | { kind: 'Waiting'; position: number; estimatedWaitSeconds: number | null; paused: boolean }
  | { kind: 'Admitted'; until: Date }
  | { kind: 'Finished'; at: Date }
  | { kind: 'Lapsed'; reason: LapseReason }

/** The operator's settings of a concert's queue. Stored in PostgreSQL, with a copy in Redis. */
export interface QueueSettings {
  /** Maximum number of admitted tickets at any time. */
  capacity: number
  /** Maximum number of admissions per second; null: no limit. */
  ratePerSecond: number | null
  paused: boolean
  /** Incremented with every change, so that an older copy never replaces a newer one. */
  version: number
}

/** The current numbers of a concert's queue. */
export interface QueueCounts {
  waiting: number
  admitted: number
  /** Total admissions; from 0 again after Redis lost its data. */
  admittedTotal: number
}

/** The time limits of the queue. */
export interface QueueTimes {
  /** From the first use of an admission to its end, unless it is extended. */
  admissionMs: number
  /** The maximum length of a turn from its first use, whatever extends it. */
  turnMs: number
  /** From an admission to its first use; after that the slot is free again. */
  claimMs: number
  /** How long a waiting ticket may be silent before it is skipped; also how long recovery lasts. */
  absenceGraceMs: number
}

/** Whether the status is final. */
export const isTerminal = (status: QueueStatus): boolean =>
  status.kind === 'Finished' || status.kind === 'Lapsed'

/** Why a ticket does not open the dates and seats of its concert. */
export const notAdmitted = (): Problem =>
  new Problem(
    'NOT_ADMITTED',
    'This queue ticket is not admitted. Wait for your turn; if the ticket has ended, join the queue again.',
  )

export const otherConcert = (): Problem =>
  new Problem('QUEUE_TICKET_INVALID', 'This queue ticket is for another concert.')
