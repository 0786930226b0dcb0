import { isTerminal } from '../../domain/queue.ts'
import type { QueueStatus, QueueTicket, StatusQuery } from '../../domain/queue.ts'
import type { Sink } from '../../domain/latest-value.ts'

/** One subscriber of a ticket on this server. Times are milliseconds of performance.now(). */
export class Subscriber {
  readonly ticket: QueueTicket
  /** The status that was sent last; null: none yet. */
  lastSent: QueueStatus | null = null
  lastSentAt = 0
  /** By then its ticket is read again: to stay present while it waits, to find a lost delta otherwise. */
  readDeadline = Infinity
  /** The version of the queue that its status is of; null: it has to be read. */
  version: number | null = null
  /** What its position was before any ticket was taken from the head (see Positions); null: not waiting, or unknown. */
  offset: number | null = null
  private readonly sink: Sink<QueueStatus>
  private readonly lastSeenAt: () => number
  private presentAt = -Infinity
  private lastReadPassive = false

  /** @param lastSeenAt when its client was last active */
  constructor(ticket: QueueTicket, sink: Sink<QueueStatus>, lastSeenAt: () => number) {
    this.ticket = ticket
    this.sink = sink
    this.lastSeenAt = lastSeenAt
  }

  /** @returns whether the stream has ended with this status */
  send(status: QueueStatus, now: number): boolean {
    this.lastSent = status
    this.lastSentAt = now
    this.sink.push(status)
    const ended = isTerminal(status)
    if (ended) this.sink.end()
    return ended
  }

  /** The query of its next read, which counts as presence only if its client was active since the last one that did. */
  nextQuery(): StatusQuery {
    this.lastReadPassive = !this.activeSincePresent()
    return this.lastReadPassive ? { ...this.ticket, passive: true } : this.ticket
  }

  /** That read has succeeded. */
  markRead(sentAt: number): void {
    if (!this.lastReadPassive) this.presentAt = sentAt
  }

  /** A client that becomes active again is present at once. */
  isReadDue(now: number): boolean {
    return this.readDeadline <= now || (this.lastReadPassive && this.activeSincePresent())
  }

  private activeSincePresent(): boolean {
    return this.lastSeenAt() > this.presentAt
  }
}
