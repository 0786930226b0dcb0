/** Access tokens: who says them, how they are checked. JWT (RFC 7519), signed with a secret or a JWKS's keys. */
import { createSigner, createVerifier, TokenError } from 'fast-jwt'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { AuthConfig } from './config.ts'
import { overloaded, Problem } from './domain/problem.ts'
import type { Viewer } from './domain/users.ts'

export interface Auth {
  /**
   * Who the token is for. Checking costs about 0.2 ms, so the answer is kept until the token expires.
   * @throws Problem UNAUTHENTICATED; OVERLOADED when the JWKS cannot be fetched
   */
  verify(token: string): Promise<Viewer>
  /**
   * Makes an access token.
   * @param lifetimeSeconds from now
   * @throws Error when somebody else issues the tokens: see `issues`
   */
  issue(viewer: Viewer, lifetimeSeconds: number): Promise<string>
  /** Does this server make access tokens itself? */
  issues: boolean
}

const TOKEN_LENGTH_MAX = 4_096
const TOKENS_KEPT_MAX = 50_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The claims of a token whose signature and times are right. */
interface Claims {
  sub?: unknown
  exp?: unknown
  role?: unknown
}

/** Throws what `explained` knows. */
type Check = (token: string) => Claims | Promise<Claims>

const REQUIRED = ['sub', 'exp']

export function createAuth(config: AuthConfig): Auth {
  const check = config.kind === 'secret' ? secretCheck(config.secret) : keySetCheck(config)
  const sign = config.kind === 'secret' ? createSigner({ key: config.secret, algorithm: 'HS256' }) : undefined
  const verified = new LRUCache<string, Viewer>({ max: TOKENS_KEPT_MAX })

  async function claimsOf(token: string): Promise<Claims> {
    try {
      return await check(token)
    } catch (error) {
      throw explained(error)
    }
  }

  return {
    issues: sign !== undefined,
    verify: async (token) => {
      const known = verified.get(token)
      if (known) return known
      if (token.length > TOKEN_LENGTH_MAX) throw invalid('It is too long.')
      const claims = await claimsOf(token)
      const viewer = viewerFrom(claims)
      verified.set(token, viewer, { ttl: Math.max(1, Number(claims.exp) * 1000 - Date.now()) })
      return viewer
    },
    issue: ({ userId, role }, lifetimeSeconds) => {
      if (!sign) throw new Error('Access tokens come from the issuer of AUTH_JWKS_URL')
      const now = Math.floor(Date.now() / 1000)
      return Promise.resolve(sign({ role, sub: userId, iat: now, exp: now + lifetimeSeconds }))
    },
  }
}

// The algorithms are ours to choose and never the token's: RFC 8725, section 3.1.

/** Everybody who joins brings a token that was never seen before: fast-jwt checks it in a quarter of the time of jose. */
function secretCheck(secret: string): Check {
  const verify = createVerifier({
    key: secret,
    algorithms: ['HS256'],
    requiredClaims: REQUIRED,
    cache: false,
  })
  return (token) => verify(token) as Claims
}

function keySetCheck({ url, issuer, audience }: Extract<AuthConfig, { kind: 'jwks' }>): Check {
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 2_000 })
  const options = {
    algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    requiredClaims: REQUIRED,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }
  return async (token) => (await jwtVerify(token, keys, options)).payload
}

function viewerFrom({ sub, role }: Claims): Viewer {
  if (typeof sub !== 'string' || !uuid.test(sub)) throw invalid('Its subject is not a UUID.')
  return { userId: sub.toLowerCase(), role: role === 'operator' || role === 'cashier' ? role : 'buyer' }
}

const invalid = (why: string): Problem =>
  new Problem('UNAUTHENTICATED', `The access token is not valid. ${why}`)

/** The JWKS was too slow, or something else was in its place: nothing is known about the token. */
const keysAreAway = new Set([errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code])

function explained(error: unknown): Problem {
  const isExpired =
    error instanceof TokenError ? error.code === TokenError.codes.expired : error instanceof errors.JWTExpired
  if (isExpired) return new Problem('UNAUTHENTICATED', 'The access token has expired.')
  const isChecked =
    error instanceof TokenError || (error instanceof errors.JOSEError && !keysAreAway.has(error.code))
  if (!isChecked) return overloaded(error)
  return invalid('It is not signed by who signs for this service, or misses what it has to say.')
}
