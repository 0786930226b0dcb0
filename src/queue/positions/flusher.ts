import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { LatestConditions } from './conditions.ts'
import type { PushLatency } from './push-latency.ts'
import type { Replica } from './replica.ts'
import type { Subscriber } from './subscriber.ts'
import { FRONT, hasChanged, isDue } from './throttle.ts'
import type { TicketReader } from './ticket-reader.ts'

/** The least time between two flushes of the front: deltas in between are sent together. */
const FRONT_FLUSH_MS = 100
/** After this many are sent, the event loop handles other work, replies of Redis above all. */
const NOTIFY_BATCH_MAX = 200

export interface FlusherOptions {
  replica: Replica
  conditions: LatestConditions
  reader: TicketReader
  latency: PushLatency
  /** The least time between two full flushes, in milliseconds. */
  intervalMs: number
  notify: (subscriber: Subscriber, status: ReturnType<LatestConditions['waitingAt']>) => void
}

/** Sends waiting subscribers their new positions: the front at once, all others by their throttle. */
export class Flusher {
  private readonly options: FlusherOptions
  private state: 'idle' | 'flushing' | 'stopped' = 'idle'
  /** A waiting subscriber may have an unsent change. */
  private due = false
  /** A delta has arrived since the last full flush. */
  private conditionsStale = false
  private frontFlushedAt = -Infinity
  private flushedAt = -Infinity
  private timer: NodeJS.Timeout | null = null

  constructor(options: FlusherOptions) {
    this.options = options
  }

  /** The queue has changed. */
  onDelta(): void {
    this.conditionsStale = true
    this.request()
  }

  /** Requests a full flush. @param immediately without waiting for the interval */
  request({ immediately = false } = {}): void {
    this.due = true
    if (immediately) this.flushedAt = -Infinity
    this.schedule()
  }

  /** Retries what a flush has left unsent. */
  tick(): void {
    if (this.due) this.schedule()
  }

  stop(): void {
    this.state = 'stopped'
    if (this.timer) clearTimeout(this.timer)
  }

  /** One timer, however many deltas arrive. */
  private schedule(): void {
    if (this.state === 'stopped') return
    const delayMs = Math.max(0, this.frontFlushedAt + FRONT_FLUSH_MS - performance.now())
    this.timer ??= setTimeout(() => this.flush(), delayMs).unref()
  }

  private flush(): void {
    this.timer = null
    const { replica, reader, intervalMs } = this.options
    replica.applyPending()
    this.flushFront()
    const now = performance.now()
    if (this.due && this.state === 'idle' && now - this.flushedAt >= intervalMs) void this.flushAll()
    void reader.run()
  }

  private flushFront(): void {
    const { replica, latency } = this.options
    this.frontFlushedAt = performance.now()
    const done = latency.start('front')
    for (const subscriber of replica.positions.subscribers) {
      const position = replica.positions.positionOf(subscriber)
      if (position === null) continue
      if (position > FRONT) break
      this.sendIfDue(subscriber, position, this.frontFlushedAt)
    }
    done()
  }

  private async flushAll(): Promise<void> {
    const { replica, reader, latency } = this.options
    const { positions } = replica
    this.state = 'flushing'
    this.due = false
    reader.conditionsDue ||= this.conditionsStale
    this.conditionsStale = false
    const done = latency.start('queue')
    let now = (this.flushedAt = performance.now())
    let sent = 0
    for (let index = 0; index < positions.subscribers.length; index++) {
      const subscriber = positions.subscribers[index] as Subscriber
      const position = positions.positionOf(subscriber)
      if (position === null || !this.sendIfDue(subscriber, position, now)) continue
      sent += 1
      if (sent % NOTIFY_BATCH_MAX > 0) continue
      await yieldToEventLoop()
      if (this.isStopped()) return
      now = performance.now()
      replica.applyPending()
      void reader.run()
      // Subscribers may have been added and removed meanwhile.
      index = positions.lowerBound(subscriber.ticket.number) - 1
    }
    this.state = 'idle'
    done()
  }

  /** @returns whether a change was sent; one that is not due yet is tried again in the next full flush */
  private sendIfDue(subscriber: Subscriber, position: number, now: number): boolean {
    const { lastSent, lastSentAt } = subscriber
    if (lastSent?.kind !== 'Waiting') return false
    const { conditions, notify } = this.options
    const status = conditions.waitingAt(position)
    if (!hasChanged(lastSent, status)) return false
    const due = isDue(lastSent, status, now - lastSentAt)
    if (due) notify(subscriber, status)
    else this.due = true
    return due
  }

  private isStopped(): boolean {
    return this.state === 'stopped'
  }
}
