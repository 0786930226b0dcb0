/** The keys of whoever issues the access tokens: a JWKS (RFC 7517), kept while its server is away. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

const FETCH_MS_MAX = 2_000
/** After this the keys are fetched again, in the background: an issuer that withdraws a key is heard within it. */
const REFRESH_MS = 10 * 60_000
/** Known keys are used for so long after they were fetched last: an issuer is repaired within a day. */
const KEYS_MAX_AGE_MS = 24 * 60 * 60_000
/** While keys are known, the least time between two fetches: for one that is unknown, or after a refresh that failed. */
const RETRY_MS = 30_000

/**
 * A key set at an address. Known keys stay usable through an outage of the issuer. A key that is unknown is looked for once,
 * and the fetch's error is thrown when that fails: the key may be a new one.
 * @param now milliseconds since 1970
 */
export function createKeySet(url: string, now: () => number): JWTVerifyGetKey {
  // jose would forget the keys after ten minutes, and wait for the issuer then; when to fetch is decided here.
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_MS_MAX,
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  })
  let fetchedAt = -Infinity
  let triedAt = -Infinity
  let failure: Error | undefined

  /** Requests that come while a fetch is under way share it. */
  const fetchKeys = async (): Promise<void> => {
    if (!keys.reloading) triedAt = now()
    try {
      await keys.reload()
      fetchedAt = now()
      failure = undefined
    } catch (error) {
      failure = error as Error
      throw error
    }
  }
  const isDue = (): boolean => now() - triedAt >= RETRY_MS

  return async (header, token) => {
    const age = now() - fetchedAt
    if (age > KEYS_MAX_AGE_MS) await fetchKeys()
    else if (age > REFRESH_MS && isDue()) void fetchKeys().catch(() => undefined)
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      if (!isDue() && !keys.reloading) throw failure ?? error
      await fetchKeys()
      return keys(header, token)
    }
  }
}
