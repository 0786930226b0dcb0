import DataLoader from 'dataloader'
import { LRUCache } from 'lru-cache'

/** Seat counts for callers without an admitted ticket, from a bounded cache for all requests of this server. */
export interface SeatCounts {
  /** How many seats of a performance are taken; at the most about a second old. */
  taken(performanceId: string): Promise<number>
}

const TTL_MS = 1_000
const ENTRIES_MAX = 10_000
const BATCH_MAX = 200

/**
 * @param read counts the taken seats of many performances; one without an entry has none. It runs once for concurrent
 *   requests, and its failures are not cached.
 */
export function createSeatCounts(
  read: (performanceIds: readonly string[]) => Promise<{ performanceId: string; count: number }[]>,
): SeatCounts {
  const batch = new DataLoader<string, number>(
    async (ids) => {
      const counts = new Map((await read(ids)).map(({ performanceId, count }) => [performanceId, count]))
      return ids.map((id) => counts.get(id) ?? 0)
    },
    { cache: false, maxBatchSize: BATCH_MAX },
  )
  const cache = new LRUCache<string, number>({
    max: ENTRIES_MAX,
    ttl: TTL_MS,
    // An entry that is evicted while it is read still resolves for the requests that wait for it.
    ignoreFetchAbort: true,
    fetchMethod: (id) => batch.load(id),
  })
  return { taken: (id) => cache.forceFetch(id) }
}
