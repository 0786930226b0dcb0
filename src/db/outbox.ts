import type { OutboxEvent } from '../domain/events.ts'
import type { Database } from './client.ts'

/**
 * Forgets events that have been delivered, and takes the next ones to deliver. Until the lease runs out nobody else is
 * handed them, nor any later event of the same subject.
 * @param delivered the ids of those to forget
 * @param limit how many to take at the most
 * @param leaseMs how long their delivery may take
 */
export async function leaseOutbox(
  db: Database,
  { delivered, limit, leaseMs }: { delivered: readonly string[]; limit: number; leaseMs: number },
): Promise<OutboxEvent[]> {
  const rows = await db.call(
    (sql) => sql<{ id: string; type: string; occurred_at: string; data: unknown }[]>`
      select id::text, type, occurred_at, data
      from lease_outbox(${[...delivered]}::bigint[], ${limit}, ${leaseMs}) order by lease_outbox.id`,
  )
  return rows.map(
    (row) =>
      ({ id: row.id, type: row.type, occurredAt: new Date(row.occurred_at), data: row.data }) as OutboxEvent,
  )
}

/** How many undelivered events are counted at the most. */
const COUNTED_MAX = 10_000

/** What is left to deliver, the events under way included: how many (10,000 stands for more), and how old the oldest is. */
export async function readOutboxLag(db: Database): Promise<{ undelivered: number; oldestSeconds: number }> {
  const [row] = await db.call(
    (sql) => sql<[{ undelivered: number; oldestSeconds: number }]>`
      select (select count(*) from (select from outbox limit ${COUNTED_MAX}) as counted)::int as undelivered,
        coalesce(extract(epoch from clock_timestamp() - (select occurred_at from outbox order by id limit 1)), 0)::float8
          as "oldestSeconds"`,
  )
  return row
}
