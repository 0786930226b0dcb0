/** The keys of an issuer of access tokens: a JWKS (RFC 7517), kept while the issuer is unreachable. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

const FETCH_TIMEOUT_MS = 2_000
/** After this the keys are fetched again, in the background. A withdrawn key is accepted for this long. */
const REFRESH_MS = 10 * 60_000
/** Known keys are used for this long after the last successful fetch: time to repair an issuer. */
const KEYS_MAX_AGE_MS = 24 * 60 * 60_000
/** The minimum time between two fetches while keys are known: for an unknown key, or after a failed refresh. */
const RETRY_MS = 30_000

/**
 * Known keys stay usable through an outage of the issuer. For an unknown key the set is fetched once; if that fails, its error is
 * thrown, because the key may be a new one.
 * @param now milliseconds since 1970
 */
export function createKeySet(url: string, now: () => number): JWTVerifyGetKey {
  // jose would discard the keys after ten minutes, and then block on a fetch; this function decides when to fetch.
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: Infinity,
    cooldownDuration: Infinity,
  })
  let fetchedAt = -Infinity
  let attemptedAt = -Infinity
  let failure: Error | undefined

  /** Concurrent requests share one fetch. */
  const fetchKeys = async (): Promise<void> => {
    if (!keys.reloading) attemptedAt = now()
    try {
      await keys.reload()
      fetchedAt = now()
      failure = undefined
    } catch (error) {
      failure = error as Error
      throw error
    }
  }
  const isDue = (): boolean => now() - attemptedAt >= RETRY_MS

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
