import type { QueueStatus, StatusQuery } from '../../domain/queue.ts'
import type { ResolvedReport } from '../recovery.ts'
import type { Replica } from './replica.ts'
import type { Subscriber } from './subscriber.ts'

/** Reads tickets; without any, only the conditions of the queue. */
export type ReadStatuses = (concertId: string, tickets: readonly StatusQuery[]) => Promise<ResolvedReport>

/** How many tickets one call reads. */
const BATCH_MAX = 500

export interface TicketReaderOptions {
  read: (tickets: readonly StatusQuery[]) => Promise<ResolvedReport>
  replica: Replica
  /** A ticket that was read is read again after this long, unless `onStatus` sets another deadline. */
  pollMs: number
  /** Called with each successful read, before its statuses. */
  onReport: (report: ResolvedReport) => void
  onStatus: (subscriber: Subscriber, status: QueueStatus) => void
  /** All tickets that had to be read have been. */
  onDone: () => void
}

/** Reads the tickets that a replica cannot tell the status of, and the conditions of the queue, one batch at a time. */
export class TicketReader {
  /** The conditions are read with the next batch, if need be one without tickets. */
  conditionsDue = true
  private readonly options: TicketReaderOptions
  private state: 'created' | 'idle' | 'reading' | 'stopped' = 'created'

  constructor(options: TicketReaderOptions) {
    this.options = options
  }

  /** Nothing is read before. */
  start(): void {
    if (this.state === 'created') this.state = 'idle'
    void this.run()
  }

  stop(): void {
    this.state = 'stopped'
  }

  /** Reads until nothing is due, or a read fails. Does nothing while it is reading already. */
  async run(): Promise<void> {
    if (this.state !== 'idle') return
    this.state = 'reading'
    const { replica, onDone } = this.options
    replica.applyPending()
    while (replica.unread.size > 0 || this.conditionsDue) {
      const succeeded = await this.readBatch()
      if (this.isStopped()) return
      if (!succeeded) break // the next tick tries again
      replica.applyPending()
    }
    this.state = 'idle'
    if (replica.unread.size === 0) onDone()
  }

  /** @returns whether all of it succeeded; failed reads are retried in the next batch */
  private async readBatch(): Promise<boolean> {
    const { read, replica, onReport } = this.options
    const sentAt = performance.now()
    const batch = this.nextBatch(sentAt)
    this.conditionsDue = false
    const pending = replica.beginRead()
    const report = await read(batch.map((subscriber) => subscriber.nextQuery())).catch(() => null)
    const apply = pending.complete(report?.version ?? null)
    if (!report || !apply) {
      for (const subscriber of batch) this.retry(subscriber)
      this.conditionsDue = true
      return report !== null
    }
    onReport(report)
    let succeeded = true
    for (const [index, subscriber] of batch.entries()) {
      const status = report.statuses[index]
      if (!replica.positions.has(subscriber)) continue
      if (!status || status.kind === 'Failed') {
        this.retry(subscriber)
        succeeded = false
        continue
      }
      subscriber.markRead(sentAt)
      const current = apply(subscriber, status)
      if (current) this.options.onStatus(subscriber, current)
    }
    return succeeded
  }

  private nextBatch(now: number): Subscriber[] {
    const { replica, pollMs } = this.options
    const batch: Subscriber[] = []
    for (const subscriber of replica.unread) if (batch.push(subscriber) === BATCH_MAX) break
    for (const subscriber of batch) {
      replica.unread.delete(subscriber)
      subscriber.readDeadline = now + pollMs
    }
    return batch
  }

  private retry(subscriber: Subscriber): void {
    const { positions, unread } = this.options.replica
    if (positions.has(subscriber)) unread.add(subscriber)
  }

  private isStopped(): boolean {
    return this.state === 'stopped'
  }
}
