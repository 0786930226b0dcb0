/** Metrics that are read from the stores. They are the same on every instance. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Database } from '../db/client.ts'
import { readOutboxLag } from '../db/outbox.ts'
import { withTimeout } from '../domain/timeout.ts'
import type { Queue } from '../queue/queue.ts'

export interface StoreMetricsOptions {
  db: Database
  queue: Pick<Queue, 'active' | 'counts'>
}

/** How long a scrape waits for a store; Prometheus itself times out after ten seconds. */
const READ_MS_MAX = 1_000
/** Queues with metrics of their own: each is a few lines of every scrape. */
const QUEUES_MAX = 50

/** Sets the values that were read; not called if they come too late. */
type SetGauges = () => void

/** @returns reads the stores; never rejects. After a failed read, stagedoor_up is 0 and old values are left out. */
export function registerStoreMetrics(
  registry: Registry,
  { db, queue }: StoreMetricsOptions,
): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const up = gauge('stagedoor_up', '1 if the store answered this scrape.', ['store'])
  const events = gauge('stagedoor_outbox_events', 'Undelivered events, counted up to 10,000.')
  const oldest = gauge('stagedoor_outbox_oldest_seconds', 'Age of the oldest undelivered event.')
  const waiting = gauge('stagedoor_queue_waiting', 'Waiting tickets.', ['concert'])
  const admitted = gauge('stagedoor_queue_admitted', 'Admitted tickets.', ['concert'])

  const admissions = new Counter({
    name: 'stagedoor_queue_admissions_total',
    help: 'Total admissions.',
    labelNames: ['concert'],
    registers: [registry],
  })

  async function readOutbox(): Promise<SetGauges> {
    const lag = await readOutboxLag(db)
    return () => {
      events.set(lag.undelivered)
      oldest.set(lag.oldestSeconds)
    }
  }

  async function readQueues(): Promise<SetGauges> {
    const concertIds = await queue.active(QUEUES_MAX)
    const counts = await queue.counts(concertIds)
    return () => {
      for (const [index, concert] of concertIds.entries()) {
        waiting.set({ concert }, counts[index]?.waiting ?? 0)
        admitted.set({ concert }, counts[index]?.admitted ?? 0)
        admissions.inc({ concert }, counts[index]?.admittedTotal ?? 0)
      }
    }
  }

  async function update(store: string, reading: Promise<SetGauges>): Promise<void> {
    const setGauges = await withTimeout(READ_MS_MAX, reading).catch(() => null)
    up.set({ store }, setGauges ? 1 : 0)
    setGauges?.()
  }

  return async () => {
    events.remove()
    oldest.remove()
    waiting.reset()
    admitted.reset()
    admissions.reset()
    await Promise.all([update('postgres', readOutbox()), update('redis', readQueues())])
  }
}
