import type { QueueDelta } from '../../redis/pubsub.ts'

/** Those whose ticket itself has changed (admitted or ended, above all), the front of the queue, or all of the queue. */
export type Audience = 'admitted' | 'front' | 'queue'

/** Called with the milliseconds from a delta's publication until all subscribers of an audience were sent it. */
export type ObservePushLatency = (audience: Audience, ms: number) => void

/** Measures from the publication of the oldest delta that an audience was not sent yet. */
export class PushLatency {
  private readonly observe: ObservePushLatency
  private readonly since: Record<Audience, number | null> = { admitted: null, front: null, queue: null }

  constructor(observe: ObservePushLatency) {
    this.observe = observe
  }

  onDelta({ at }: QueueDelta): void {
    this.since.admitted ??= at
    this.since.front ??= at
    this.since.queue ??= at
  }

  /** Sending begins: later deltas count for the next time. @returns to be called when all of them were sent it */
  start(audience: Audience): () => void {
    const at = this.since[audience]
    this.since[audience] = null
    return () => {
      // The clock of Redis may be ahead of this server's.
      if (at !== null) this.observe(audience, Math.max(0, Date.now() - at))
    }
  }
}
