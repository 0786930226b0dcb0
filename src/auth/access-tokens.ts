/** Access tokens: JWT (RFC 7519), signed with a secret of this server or with a key of an issuer's JWKS. */
import { createSigner, createVerifier, TokenError } from 'fast-jwt'
import { errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { createKeySet } from './jwks.ts'
import { overloaded, Problem } from '../domain/problem.ts'
import type { Viewer } from '../domain/users.ts'

/** Who signs access tokens: this server, or an issuer with a JWKS. */
export type AuthConfig =
  | { kind: 'secret'; secret: string }
  | { kind: 'jwks'; url: string; issuer: string | undefined; audience: string | undefined }

export interface Auth {
  /**
   * Verifies a token. That takes about 0.2 ms, so the result is cached until the token expires.
   * @throws Problem UNAUTHENTICATED; OVERLOADED when its key is unknown and the JWKS cannot be fetched
   */
  verify(token: string): Promise<Identity>
  /**
   * Signs a new token.
   * @param lifetimeSeconds from now
   * @throws Error unless `canIssue`
   */
  issue(viewer: Viewer, lifetimeSeconds: number): Promise<string>
  /** Whether this server signs access tokens itself. */
  canIssue: boolean
}

/** The claims of a valid access token. */
export interface Identity {
  viewer: Viewer
  /** Milliseconds since 1970. */
  expiresAt: number
}

/**
 * How far the clock of an issuer may be ahead: `nbf` may be in the future by this much. `exp` has no tolerance: a token that ends a
 * little early is renewed a little early. `iat` is not checked: by RFC 7519, section 4.1.6, it gives the age of a token, and a
 * server with a slow clock would refuse every new token.
 */
const CLOCK_SKEW_MS = 60_000

const TOKEN_LENGTH_MAX = 4_096
/** Memory for the cache of verified tokens. An entry takes about 300 bytes besides the token. */
const TOKENS_BYTES_MAX = 24 * 1024 * 1024
const TOKEN_BYTES = 300
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The claims of a token with a valid signature. */
interface Claims {
  sub?: unknown
  exp?: unknown
  nbf?: unknown
  role?: unknown
}

/** Verifies the signature. @throws TokenError, JOSEError */
type CheckToken = (token: string) => Claims | Promise<Claims>

const REQUIRED = ['sub', 'exp']

/** @param now milliseconds since 1970 */
export function createAuth(config: AuthConfig, now: () => number = Date.now): Auth {
  const check = config.kind === 'secret' ? checkWithSecret(config.secret) : checkWithKeySet(config, now)
  const sign = config.kind === 'secret' ? createSigner({ key: config.secret, algorithm: 'HS256' }) : undefined
  const verified = new LRUCache<string, Identity>({
    maxSize: TOKENS_BYTES_MAX,
    sizeCalculation: (_, token) => token.length + TOKEN_BYTES,
  })

  async function claimsOf(token: string): Promise<Claims> {
    try {
      return await check(token)
    } catch (error) {
      throw problemOf(error)
    }
  }

  return {
    canIssue: sign !== undefined,
    verify: async (token) => {
      const known = verified.get(token)
      if (known && known.expiresAt > now()) return known
      if (token.length > TOKEN_LENGTH_MAX) throw invalidToken('It is too long.')
      const claims = await claimsOf(token)
      const identity = { viewer: viewerOf(claims), expiresAt: checkTimes(claims, now()) }
      verified.set(token, identity)
      return identity
    },
    issue: ({ userId, role }, lifetimeSeconds) => {
      if (!sign) throw new Error('Access tokens come from the issuer of AUTH_JWKS_URL')
      const iat = Math.floor(now() / 1000)
      return Promise.resolve(sign({ role, sub: userId, iat, exp: iat + lifetimeSeconds }))
    },
  }
}

// The server chooses the algorithms, never the token: RFC 8725, section 3.1.

/** Every new user has a new token, and fast-jwt verifies it in a quarter of the time that jose takes. */
function checkWithSecret(secret: string): CheckToken {
  const verify = createVerifier({
    key: secret,
    algorithms: ['HS256'],
    requiredClaims: REQUIRED,
    // `checkTimes` does it, for both kinds of tokens.
    ignoreExpiration: true,
    ignoreNotBefore: true,
    cache: false,
  })
  return (token) => verify(token) as Claims
}

function checkWithKeySet(
  { url, issuer, audience }: Extract<AuthConfig, { kind: 'jwks' }>,
  now: () => number,
): CheckToken {
  const keys = createKeySet(url, now)
  const options = {
    algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
    requiredClaims: REQUIRED,
    clockTolerance: CLOCK_SKEW_MS / 1000,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }
  return async (token) => (await jwtVerify(token, keys, { ...options, currentDate: new Date(now()) })).payload
}

/** @returns when the token expires */
function checkTimes({ exp, nbf }: Claims, now: number): number {
  const expiresAt = Number(exp) * 1000
  if (Number.isNaN(expiresAt)) throw invalidToken('Its expiry is not a number.')
  if (expiresAt <= now) throw tokenExpired()
  if (nbf !== undefined && !(Number(nbf) * 1000 <= now + CLOCK_SKEW_MS))
    throw invalidToken('It is not valid yet.')
  return expiresAt
}

function viewerOf({ sub, role }: Claims): Viewer {
  if (typeof sub !== 'string' || !uuid.test(sub)) throw invalidToken('Its subject is not a UUID.')
  return { userId: sub.toLowerCase(), role: role === 'operator' || role === 'cashier' ? role : 'buyer' }
}

const invalidToken = (why: string): Problem =>
  new Problem('UNAUTHENTICATED', `The access token is not valid. ${why}`)

export const tokenExpired = (): Problem => new Problem('UNAUTHENTICATED', 'The access token has expired.')

/** The JWKS could not be fetched or read, so the token could not be verified. */
const keySetErrors = new Set([errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code])

function problemOf(error: unknown): Problem {
  if (error instanceof errors.JWTExpired) return tokenExpired()
  const isChecked =
    error instanceof TokenError || (error instanceof errors.JOSEError && !keySetErrors.has(error.code))
  if (!isChecked) return overloaded(error)
  return invalidToken('Its signature is invalid, or a required claim is missing.')
}
