/** Delivers the events of the outbox to the queue, the seat channels, and the event stream for other services. */
import { readQueueSettings } from '../db/catalog.ts'
import type { Database } from '../db/client.ts'
import { leaseOutbox } from '../db/outbox.ts'
import type { OutboxEvent, ReservationEvent } from '../domain/events.ts'
import type { EventStream } from '../redis/event-stream.ts'
import type { Queue } from '../queue/queue.ts'
import type { PubSub } from '../redis/pubsub.ts'

export interface RelayOptions {
  db: Database
  queue: Queue
  pubsub: Pick<PubSub, 'publishSeats'>
  events: EventStream
}

const BATCH = 100
/** When a server dies, another one delivers the events that it had leased after this time. */
const LEASE_MS = 1_500

export interface Relay {
  /**
   * Delivers one batch, at least once: an event that fails is leased again when its lease has expired, and every consumer is
   * idempotent. The next run deletes the delivered events.
   * @returns whether there may be more
   * @throws the first failure, after the other events of the batch were delivered
   */
  run: () => Promise<boolean>
  /** Deletes the events that the last run has delivered. */
  acknowledge: () => Promise<void>
}

export function createRelay(options: RelayOptions): Relay {
  let delivered: readonly string[] = []

  async function lease(limit: number): Promise<OutboxEvent[]> {
    const leased = await leaseOutbox(options.db, { delivered, limit, leaseMs: LEASE_MS })
    delivered = []
    return leased
  }

  return {
    run: async () => {
      const leased = await lease(BATCH)
      if (leased.length === 0) return false
      const results = await Promise.allSettled(leased.map((event) => deliver(event, options)))
      delivered = leased.flatMap(({ id }, index) => (results[index]?.status === 'fulfilled' ? [id] : []))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed) throw failed.reason
      return true
    },
    acknowledge: async () => {
      if (delivered.length > 0) await lease(0)
    },
  }
}

async function deliver(event: OutboxEvent, { db, queue, pubsub, events }: RelayOptions): Promise<void> {
  if (event.type === 'queue.updated') {
    const { concertId } = event.data
    const settings = await readQueueSettings(db, concertId)
    if (settings) await queue.configure(concertId, settings)
    return
  }
  if (event.type === 'queue.left') {
    const { userId, concertId, ticketNumber } = event.data
    await queue.leave({ userId, concertId, number: ticketNumber })
    return
  }
  await Promise.all([
    applyToQueue(event, queue),
    pubsub.publishSeats(event.data.performanceId),
    events.append([event]),
  ])
}

async function applyToQueue(event: ReservationEvent, queue: Queue): Promise<void> {
  const { userId, concertId, ticketNumber: number } = event.data
  const ticket = { userId, concertId, number }
  if (event.type === 'reservation.held') await queue.extend(ticket, new Date(event.data.heldUntil))
  else if (event.data.spendsTicket) await queue.finish(ticket)
}
