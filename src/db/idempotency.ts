import type { Database } from './client.ts'

/**
 * Forgets idempotency keys older than `keepMs`, `limit` at the most.
 * @returns how many it forgot
 */
export async function pruneIdempotencyKeys(db: Database, keepMs: number, limit: number): Promise<number> {
  const [row] = await db.call(
    (sql) => sql<[{ pruned: number }]>`select prune_idempotency_keys(${keepMs}, ${limit}) as pruned`,
  )
  return row.pruned
}
