import { isDeepStrictEqual } from 'node:util'
import type { QueueStatus } from '../../domain/queue.ts'
import type { PubSub, QueueDelta, Unsubscribe } from '../../redis/pubsub.ts'
import type { ResolvedReport } from '../recovery.ts'
import { LatestConditions } from './conditions.ts'
import { Flusher } from './flusher.ts'
import { PushLatency, type ObservePushLatency } from './push-latency.ts'
import { Replica } from './replica.ts'
import type { Subscriber } from './subscriber.ts'
import { TicketReader, type ReadStatuses } from './ticket-reader.ts'

export interface BroadcasterOptions {
  read: ReadStatuses
  pubsub: PubSub
  /** How often lost deltas are looked for, and tickets that do not wait are read, in milliseconds. */
  pollMs: number
  /** Within this every waiting ticket is read, which keeps it present, in milliseconds. */
  presenceMs: number
  observePushLatency: ObservePushLatency
}

/** The least time between two full flushes. */
const FLUSH_MS_MAX = 1_000
/** How often it is checked what is due without a delta. */
const TICK_MS_MAX = 250

/**
 * Sends the subscribers of one concert on this server every change of their status. It reads few tickets: a replica, kept
 * up to date by deltas, has the positions of the others and the admissions.
 */
export class Broadcaster {
  private readonly options: BroadcasterOptions
  private readonly replica: Replica
  private readonly conditions = new LatestConditions()
  private readonly latency: PushLatency
  private readonly reader: TicketReader
  private readonly flusher: Flusher
  private readonly subscription: Promise<Unsubscribe>
  private readonly ticks: NodeJS.Timeout
  /** The least time between two full flushes, and between two searches for due reads. */
  private readonly intervalMs: number
  private polledAt = performance.now()
  private dueReadsFoundAt = -Infinity
  /** A subscriber was sent a change of its own ticket that is not counted in the latency yet. */
  private ticketChanged = false

  constructor(concertId: string, options: BroadcasterOptions) {
    const { read, pubsub, pollMs, observePushLatency } = options
    this.options = options
    this.intervalMs = Math.min(FLUSH_MS_MAX, pollMs / 2)
    this.latency = new PushLatency(observePushLatency)
    this.replica = new Replica((subscriber, until) => this.onStatus(subscriber, { kind: 'Admitted', until }))
    this.reader = new TicketReader({
      read: (tickets) => read(concertId, tickets),
      replica: this.replica,
      pollMs,
      onReport: (report) => this.onReport(report),
      onStatus: (subscriber, status) => this.onStatus(subscriber, status),
      onDone: () => this.onReadsDone(),
    })
    this.flusher = new Flusher({
      replica: this.replica,
      conditions: this.conditions,
      reader: this.reader,
      latency: this.latency,
      intervalMs: this.intervalMs,
      notify: (subscriber, status) => this.notify(subscriber, status),
    })
    this.ticks = setInterval(() => this.tick(), Math.min(TICK_MS_MAX, pollMs / 2)).unref()
    this.subscription = pubsub.subscribeQueue(concertId, (delta) => this.onDelta(delta))
    // Nothing is read before the subscription is confirmed, so that no change falls in between.
    void this.subscription.then(() => this.reader.start())
  }

  add(subscriber: Subscriber): void {
    this.replica.add(subscriber)
    // Not at once: subscribers that are added together are read together.
    void this.subscription.then(() => this.reader.run())
  }

  /** @returns whether no subscriber is left */
  remove(subscriber: Subscriber): boolean {
    this.replica.remove(subscriber)
    return this.replica.positions.subscribers.length === 0
  }

  stop(): void {
    clearInterval(this.ticks)
    this.reader.stop()
    this.flusher.stop()
    void this.subscription.then((unsubscribe) => unsubscribe())
  }

  private onDelta(delta: QueueDelta | null): void {
    this.replica.onDelta(delta)
    if (delta) {
      this.latency.onDelta(delta)
      this.setPaused(delta.paused, delta.version)
    } else this.conditions.forgetVersion()
    void this.reader.run()
    this.flusher.onDelta()
  }

  private onReport({ version, paused, msPerPosition, statuses }: ResolvedReport): void {
    const rateChanged = this.conditions.setRate(msPerPosition)
    if (statuses.length > 0 || rateChanged) this.flusher.request()
    this.setPaused(paused, version)
  }

  private setPaused(paused: boolean, version: number): void {
    if (this.conditions.setPaused(paused, version)) this.flusher.request({ immediately: true })
  }

  private onStatus(subscriber: Subscriber, status: QueueStatus): void {
    const { pollMs, presenceMs } = this.options
    const now = performance.now()
    if (status.kind === 'Waiting') {
      // Spread by the number, so that tickets which joined together are not always read together.
      subscriber.readDeadline = now + presenceMs * (0.5 + ((subscriber.ticket.number * 0.618) % 0.5))
      // Later positions are sent by the flusher.
      if (subscriber.lastSent?.kind === 'Waiting') return
      this.notify(subscriber, this.conditions.waitingAt(status.position))
      return
    }
    subscriber.readDeadline = now + pollMs
    if (isDeepStrictEqual(subscriber.lastSent, status)) return
    this.notify(subscriber, status)
    this.ticketChanged = true
  }

  private notify(subscriber: Subscriber, status: QueueStatus): void {
    const ended = subscriber.send(status, performance.now())
    if (ended) this.replica.remove(subscriber)
  }

  private onReadsDone(): void {
    const done = this.latency.start('admitted')
    if (this.ticketChanged) done()
    this.ticketChanged = false
  }

  private tick(): void {
    const now = performance.now()
    this.replica.detectLostDeltas(now)
    if (now - this.polledAt >= this.options.pollMs) {
      this.polledAt = now
      this.reader.conditionsDue = true
    }
    if (now - this.dueReadsFoundAt >= this.intervalMs) {
      this.dueReadsFoundAt = now
      for (const subscriber of this.replica.positions.subscribers)
        if (subscriber.isReadDue(now)) this.replica.unread.add(subscriber)
    }
    this.flusher.tick()
    void this.reader.run()
  }
}
