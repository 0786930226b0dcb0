/** Access tokens: who says them, how they are checked. JWT (RFC 7519), signed with a secret or a JWKS's keys. */
import { createRemoteJWKSet, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose'
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

export function createAuth(config: AuthConfig): Auth {
  const verifyJwt = verifierFor(config)
  const verified = new LRUCache<string, Viewer>({ max: TOKENS_KEPT_MAX })

  return {
    issues: config.kind === 'secret',
    verify: async (token) => {
      const known = verified.get(token)
      if (known) return known
      if (token.length > TOKEN_LENGTH_MAX) throw invalid('It is too long.')
      const payload = await verifyJwt(token).catch((error: unknown) => {
        throw explained(error)
      })
      const viewer = viewerFrom(payload)
      verified.set(token, viewer, { ttl: Math.max(1, (payload.exp ?? 0) * 1000 - Date.now()) })
      return viewer
    },
    issue: (viewer, lifetimeSeconds) => {
      if (config.kind !== 'secret') throw new Error('Access tokens come from the issuer of AUTH_JWKS_URL')
      return new SignJWT({ role: viewer.role })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(viewer.userId)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds}s`)
        .sign(new TextEncoder().encode(config.secret))
    },
  }
}

/** The algorithms are ours to choose and never the token's: RFC 8725, section 3.1. */
function verifierFor(config: AuthConfig): (token: string) => Promise<JWTPayload> {
  const requiredClaims = ['sub', 'exp']
  if (config.kind === 'secret') {
    const key = new TextEncoder().encode(config.secret)
    return async (token) => (await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims })).payload
  }
  const keys = createRemoteJWKSet(new URL(config.url), { timeoutDuration: 2_000 })
  const options = {
    algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    requiredClaims,
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...(config.audience === undefined ? {} : { audience: config.audience }),
  }
  return async (token) => (await jwtVerify(token, keys, options)).payload
}

function viewerFrom(payload: JWTPayload): Viewer {
  if (payload.sub === undefined || !uuid.test(payload.sub)) throw invalid('Its subject is not a UUID.')
  return { userId: payload.sub.toLowerCase(), role: payload.role === 'operator' ? 'operator' : 'buyer' }
}

const invalid = (why: string): Problem =>
  new Problem('UNAUTHENTICATED', `The access token is not valid. ${why}`)

/** The JWKS was too slow, or something else was in its place: nothing is known about the token. */
const keysAreAway = new Set([errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code])

function explained(error: unknown): Problem {
  if (error instanceof errors.JWTExpired)
    return new Problem('UNAUTHENTICATED', 'The access token has expired.')
  if (!(error instanceof errors.JOSEError) || keysAreAway.has(error.code)) return overloaded(error)
  return invalid('It is not signed by who signs for this service, or misses what it has to say.')
}
