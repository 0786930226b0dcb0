import { LRUCache } from 'lru-cache'
import { findLastPerformanceAt } from '../db/catalog.ts'
import type { Database } from '../db/client.ts'
import { Problem } from '../domain/problem.ts'

/** When the last performance of a concert starts, ms since 1970; 0: it has none. Undefined: there is no such concert. */
export type LastPerformanceAt = (concertId: string) => Promise<number | undefined>

const CONCERTS_MAX = 10_000
/** Until the time is read again after PostgreSQL was unavailable. */
const UNKNOWN_TTL_MS = 1_000

/** Reads the time once for each concert, because performances never change. */
export function createLastPerformanceAt(db: Database): LastPerformanceAt {
  const cache = new LRUCache<string, number>({
    max: CONCERTS_MAX,
    // An entry that is evicted while it is read still resolves for the requests that wait for it.
    ignoreFetchAbort: true,
    fetchMethod: (concertId, _, { options }) =>
      findLastPerformanceAt(db, concertId).catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error
        // While PostgreSQL is unavailable users can join all the same; holdSeats refuses a performance that has started.
        options.ttl = UNKNOWN_TTL_MS
        return Infinity
      }),
  })
  return (concertId) => cache.fetch(concertId)
}
