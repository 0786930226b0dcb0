/** What only the stores know. Every instance tells the same about them. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Database } from '../db/client.ts'
import { readOutboxLag } from '../db/outbox.ts'
import { withTimeout } from '../domain/timeout.ts'
import type { Queue } from '../queue/queue.ts'

export interface StoreMetricsOptions {
  db: Database
  queue: Pick<Queue, 'active' | 'counts'>
}

/** A scrape waits for a store so long; Prometheus itself gives up after ten seconds. */
const READ_MS_MAX = 1_000
/** How many queues are told about: each is a few lines of every scrape. */
const QUEUES_MAX = 50

/** Sets the figures that were read; not if they came too late. */
type SetGauges = () => void

/**
 * @returns reads the stores; never rejects. What is not known is left out, and not told as it was once:
 *   stagedoor_up says so.
 */
export function registerStoreMetrics(
  registry: Registry,
  { db, queue }: StoreMetricsOptions,
): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const up = gauge('stagedoor_up', 'Did the store answer this scrape?', ['store'])
  const events = gauge('stagedoor_outbox_events', 'Events that wait to be delivered, 10,000 at the most.')
  const oldest = gauge('stagedoor_outbox_oldest_seconds', 'Age of the oldest event that is not delivered.')
  const waiting = gauge('stagedoor_queue_waiting', 'How many wait in line.', ['concert'])
  const admitted = gauge('stagedoor_queue_admitted', 'How many are let in at the moment.', ['concert'])

  const admissions = new Counter({
    name: 'stagedoor_queue_admissions_total',
    help: 'How many were ever let in.',
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

  async function show(store: string, reading: Promise<SetGauges>): Promise<void> {
    const known = await withTimeout(READ_MS_MAX, reading).catch(() => null)
    up.set({ store }, known ? 1 : 0)
    known?.()
  }

  return async () => {
    events.remove()
    oldest.remove()
    waiting.reset()
    admitted.reset()
    admissions.reset()
    await Promise.all([show('postgres', readOutbox()), show('redis', readQueues())])
  }
}
