import type { OutboxEvent } from '../domain/events.ts'
import type { Database } from './client.ts'

/**
 * Deletes delivered events, and leases the next ones. A leased event, and every later event of its subject, is not handed out
 * again until the lease has expired.
 * @param delivered ids
 * @param limit how many events to lease at most
 */
export const leaseOutbox = (
  db: Database,
  { delivered, limit, leaseMs }: { delivered: readonly string[]; limit: number; leaseMs: number },
): Promise<OutboxEvent[]> =>
  db.call(
    (sql) => sql<OutboxEvent[]>`
      select id::text, type, occurred_at, data
      from lease_outbox(${delivered}::bigint[], ${limit}, ${leaseMs}) order by lease_outbox.id`,
  )

/** The count of undelivered events stops here. */
const COUNT_MAX = 10_000

/** The undelivered events, leased ones included: how many (10,000 stands for more), and the age of the oldest. */
export async function readOutboxLag(db: Database): Promise<{ undelivered: number; oldestSeconds: number }> {
  const [row] = await db.call(
    (sql) => sql<[{ undelivered: number; oldestSeconds: number }]>`
      select (select count(*) from (select from outbox limit ${COUNT_MAX}) as counted) as undelivered,
        coalesce(extract(epoch from clock_timestamp() - (select occurred_at from outbox order by id limit 1)), 0)::float8
          as oldest_seconds`,
  )
  return row
}
