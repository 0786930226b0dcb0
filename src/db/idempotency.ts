import type { Database } from './client.ts'

/**
 * Deletes idempotency keys older than `keepMs`, `limit` at most.
 * @returns how many it deleted
 */
export async function pruneIdempotencyKeys(db: Database, keepMs: number, limit: number): Promise<number> {
  const [row] = await db.call(
    (sql) => sql<[{ pruned: number }]>`select prune_idempotency_keys(${keepMs}, ${limit}) as pruned`,
  )
  return row.pruned
}
