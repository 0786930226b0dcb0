import type { QueueStatus } from '../../domain/queue.ts'
import type { QueueDelta } from '../../redis/pubsub.ts'
import { Positions, positionAfter } from './positions.ts'
import type { Subscriber } from './subscriber.ts'

/** How many deltas may be pending, or arrive during one read. */
const DELTAS_MAX = 5_000
/** A delta that a reply knows of arrives about as fast as the reply. After this long it was lost. */
const DELTA_DELAY_MS_MAX = 1_000

/** @returns the status as of now; null: it is outdated, and either a newer one was sent or the ticket is read again */
export type ApplyRead = (subscriber: Subscriber, status: QueueStatus) => QueueStatus | null

export interface PendingRead {
  /**
   * Takes the version of the reply; null: the read has failed.
   * @returns null when the reply is outdated as a whole, and all its tickets have to be read again
   */
  complete(version: number | null): ApplyRead | null
}

/**
 * What is known on this server of the queue of one concert. Replies and deltas arrive over two connections, in any order;
 * their versions say which includes which. A subscriber whose status does not follow from them has to be read.
 */
export class Replica {
  readonly positions = new Positions()
  /** Subscribers whose tickets have to be read. */
  readonly unread = new Set<Subscriber>()
  private readonly onAdmitted: (subscriber: Subscriber, until: Date) => void
  /** The version that includes all deltas received; null: the next reply sets it. */
  private version: number | null = null
  /** It was set by a reply, so deltas up to it may still arrive. */
  private adopted = false
  /** Deltas received and not applied yet. */
  private pending: QueueDelta[] = []
  /** Waiting subscribers read at a version whose delta has not arrived yet, with their position in that version. */
  private readonly readAhead = new Map<Subscriber, { position: number; version: number }>()
  /** Deltas received during the current read. */
  private duringRead: QueueDelta[] = []
  private reading = false
  private resyncs = 0
  /** The version of a reply whose delta has not arrived, and since when that is noticed. */
  private awaited: { version: number; since: number | null } | null = null

  /** @param onAdmitted called when a delta admits a subscriber, or moves the end of its admission */
  constructor(onAdmitted: (subscriber: Subscriber, until: Date) => void) {
    this.onAdmitted = onAdmitted
  }

  add(subscriber: Subscriber): void {
    this.positions.add(subscriber)
    this.unread.add(subscriber)
  }

  remove(subscriber: Subscriber): void {
    this.positions.remove(subscriber)
    this.unread.delete(subscriber)
    this.readAhead.delete(subscriber)
  }

  /** @param delta null: some may have been lost */
  onDelta(delta: QueueDelta | null): void {
    if (delta === null) {
      this.resync()
      return
    }
    const { version, resyncNeeded } = delta
    if (this.adopted && this.version !== null && version <= this.version) return
    const missed = this.version !== null && version !== this.version + 1
    const full = Math.max(this.pending.length, this.duringRead.length) >= DELTAS_MAX
    if (missed || full || resyncNeeded) this.resync()
    this.version = version
    this.adopted = false
    this.pending.push(delta)
    if (this.reading) this.duringRead.push(delta)
  }

  /** Brings all subscribers up to the last delta received. */
  applyPending(): void {
    if (this.pending.length === 0) return
    const deltas = this.pending
    this.pending = []
    for (const subscriber of this.positions.apply(deltas)) this.unread.add(subscriber)
    // In this order: what a delta says of a ticket replaces what an earlier one said, and what it moved.
    for (const delta of deltas) this.applyToTickets(delta)
    for (const [subscriber, { position, version }] of this.readAhead) {
      if (this.version === null || version > this.version) continue
      this.readAhead.delete(subscriber)
      const later = deltas.filter((delta) => delta.version > version)
      this.place(subscriber, position, later)
    }
  }

  /** A read is about to be sent. There is one at a time. */
  beginRead(): PendingRead {
    const { version: versionBefore, resyncs } = this
    this.duringRead = []
    this.reading = true
    return {
      complete: (version) => {
        this.reading = false
        if (version === null || resyncs !== this.resyncs) return null
        const [first] = this.duringRead
        const gap = first !== undefined && first.version > version + 1
        if (gap || (versionBefore !== null && version < versionBefore)) {
          this.resync()
          return null
        }
        return this.acceptReply(version)
      },
    }
  }

  /** Resynchronises when deltas do not arrive that a reply includes. @param now milliseconds */
  detectLostDeltas(now: number): void {
    const { awaited } = this
    if (awaited === null) return
    if (this.version !== null && this.version >= awaited.version) this.awaited = null
    else if (awaited.since === null) awaited.since = now
    else if (now - awaited.since >= DELTA_DELAY_MS_MAX) this.resync()
  }

  private acceptReply(version: number): ApplyRead {
    if (this.version === null) {
      this.version = version
      this.adopted = true
    }
    if (version > this.version) this.awaited ??= { version, since: null }
    this.applyPending()
    const isAhead = version > this.version
    const later = this.duringRead.filter((delta) => delta.version > version)
    return (subscriber, status) => {
      if (subscriber.version !== null && subscriber.version > version) return null
      subscriber.version = version
      this.readAhead.delete(subscriber)
      if (status.kind === 'Waiting' && !isAhead) {
        const position = this.place(subscriber, status.position, later)
        return position === null ? null : { ...status, position }
      }
      this.positions.setPosition(subscriber, null)
      if (status.kind === 'Waiting') this.readAhead.set(subscriber, { position: status.position, version })
      return status
    }
  }

  private applyToTickets({ version, admitted, changed }: QueueDelta): void {
    for (const [number, until] of admitted)
      for (const subscriber of this.positions.withNumber(number)) {
        if (subscriber.version === null) this.unread.add(subscriber)
        else if (subscriber.version < version) this.admit(subscriber, version, until)
      }
    for (const number of changed)
      for (const subscriber of this.positions.withNumber(number))
        if (subscriber.version === null || subscriber.version < version) this.unread.add(subscriber)
  }

  private admit(subscriber: Subscriber, version: number, until: number): void {
    subscriber.version = version
    this.positions.setPosition(subscriber, null)
    this.unread.delete(subscriber)
    this.readAhead.delete(subscriber)
    this.onAdmitted(subscriber, new Date(until))
  }

  /** Sets a position that was read before these deltas. @returns the current one; null: the ticket has to be read */
  private place(subscriber: Subscriber, position: number, later: readonly QueueDelta[]): number | null {
    const current = positionAfter(position, subscriber.ticket.number, later)
    this.positions.setPosition(subscriber, current)
    if (current === null) this.unread.add(subscriber)
    return current
  }

  private resync(): void {
    this.resyncs += 1
    this.version = null
    this.awaited = null
    this.pending = []
    this.duringRead = []
    this.readAhead.clear()
    for (const subscriber of this.positions.subscribers) {
      this.positions.setPosition(subscriber, null)
      subscriber.version = null
      this.unread.add(subscriber)
    }
  }
}
