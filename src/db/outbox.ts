import type { OutboxEvent } from '../domain/events.ts'
import type { Database } from './client.ts'

/**
 * Takes events to deliver. Until the lease runs out nobody else is handed them, nor any later event of the
 * same subject.
 * @param limit how many at the most
 * @param leaseMs how long the delivery may take
 */
export async function leaseOutbox(db: Database, limit: number, leaseMs: number): Promise<OutboxEvent[]> {
  const rows = await db.call(
    (sql) => sql<{ id: string; type: string; occurred_at: string; data: unknown }[]>`
      select id::text, type, occurred_at, data from lease_outbox(${limit}, ${leaseMs}) order by lease_outbox.id`,
  )
  return rows.map(
    (row) =>
      ({ id: row.id, type: row.type, occurredAt: new Date(row.occurred_at), data: row.data }) as OutboxEvent,
  )
}

/** Forgets events that have been delivered. */
export async function settleOutbox(db: Database, ids: readonly string[]): Promise<void> {
  await db.call((sql) => sql`select settle_outbox(${[...ids]}::bigint[])`)
}
