/** The queue of a concert: tickets, what can be said about one, and how fast people are let in. */

/** What a queue ticket says, and its signature proves. A number is never given out twice for a concert. */
export interface QueueTicket {
  userId: string
  concertId: string
  /** The place in line, in order of request. Gaps are possible, repeats are not. */
  number: number
}

/** A ticket whose status is read. */
export interface StatusQuery extends QueueTicket {
  /** Reading it does not count as presence: nothing was heard of its owner since the last time. */
  passive?: boolean
}

export type LapseReason = 'ADMISSION_EXPIRED' | 'NOT_CLAIMED' | 'LEFT'

/** Why a ticket has ended for good: it bought seats, or its owner left the queue. */
export type TicketEnd = 'PAID' | 'LEFT'

export type QueueStatus =
  | { kind: 'Waiting'; position: number; estimatedWaitSeconds: number | null; paused: boolean }
  | { kind: 'Admitted'; until: Date }
  | { kind: 'Finished'; at: Date }
  | { kind: 'Lapsed'; reason: LapseReason }

/** What an operator decides about a concert's queue. PostgreSQL keeps it, Redis works by a copy. */
export interface QueueSettings {
  /** How many may be admitted at the same time. */
  capacity: number
  /** How many may be admitted per second; null: as many as the capacity allows. */
  ratePerSecond: number | null
  paused: boolean
  /** Grows with every change, so that an older copy never replaces a newer one. */
  version: number
}

/** How many stand in a concert's queue right now. */
export interface QueueCounts {
  waiting: number
  admitted: number
  /** How many were ever let in; from 0 again when Redis came back empty. */
  admittedTotal: number
}

/** Times the queue goes by, in milliseconds. */
export interface QueueTimes {
  /** From the first use of an admission to its end. */
  admissionMs: number
  /** The longest that a turn lasts from its first use, whatever is done in it. */
  turnMs: number
  /** From admission to its first use; unused, the slot goes to the next. */
  claimMs: number
  /** How long a waiting ticket may be silent before it is skipped; also how long a concert recovers. */
  absenceGraceMs: number
}

/** Is this the last that will ever be said about the ticket? */
export const isTerminal = (status: QueueStatus): boolean =>
  status.kind === 'Finished' || status.kind === 'Lapsed'
