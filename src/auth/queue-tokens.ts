import { createHmac, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { QueueTicket } from '../domain/queue.ts'

export interface QueueTokenSigner {
  /** Signs a ticket. The same ticket and secret always give the same token. */
  sign(ticket: QueueTicket): string
  /** The ticket of a token; null: the token is not valid. Never throws. */
  verify(token: string): QueueTicket | null
}

const TOKEN_LENGTH_MAX = 1_024
/** The size of the cache of verified tokens: a token comes with every step of a purchase. */
const CACHED_TOKENS_MAX = 50_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const encode = (text: string): string => Buffer.from(text).toString('base64url')

/** The only valid header. It is compared and never interpreted, so a token cannot choose how it is verified. */
const HEADER = encode('{"alg":"HS256","typ":"stagedoor-ticket"}')

/**
 * Signs queue tickets as compact JWS (RFC 7515, HS256).
 * @param secrets the first signs, all of them verify, so that a secret can be replaced while tokens are in use
 */
export function createQueueTokenSigner(secrets: readonly [string, ...string[]]): QueueTokenSigner {
  const [signing] = secrets
  const verified = new LRUCache<string, QueueTicket>({ max: CACHED_TOKENS_MAX })

  function check(token: string): QueueTicket | null {
    const [header, payload, mac, ...more] = token.split('.')
    if (header !== HEADER || payload === undefined || mac === undefined || more.length > 0) return null
    const claimed = Buffer.from(mac, 'base64url')
    // Another encoding of the same bytes would be a second token for the ticket.
    if (claimed.toString('base64url') !== mac) return null
    const body = `${header}.${payload}`
    return secrets.some((secret) => sameBytes(claimed, macOf(body, secret))) ? parse(payload) : null
  }

  return {
    sign: ({ userId, concertId, number }) => {
      const body = `${HEADER}.${encode(JSON.stringify({ sub: userId, concert: concertId, number }))}`
      return `${body}.${macOf(body, signing).toString('base64url')}`
    },
    verify: (token) => {
      const known = verified.get(token)
      if (known) return known
      const ticket = token.length > TOKEN_LENGTH_MAX ? null : check(token)
      if (ticket) verified.set(token, ticket)
      return ticket
    },
  }
}

const macOf = (body: string, secret: string): Buffer => createHmac('sha256', secret).update(body).digest()

const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

function parse(payload: string): QueueTicket | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (typeof claims !== 'object' || claims === null) return null
    const { sub, concert, number } = claims as Record<string, unknown>
    if (typeof sub !== 'string' || !UUID.test(sub)) return null
    if (typeof concert !== 'string' || !UUID.test(concert)) return null
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) return null
    return { userId: sub, concertId: concert, number }
  } catch {
    return null
  }
}
