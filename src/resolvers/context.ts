/** The context of an operation: its credentials, and the services that resolvers use. */
import type { Auth, Identity } from '../auth/access-tokens.ts'
import type { BotCheck } from '../auth/bot-check.ts'
import type { Database } from '../db/client.ts'
import { Problem } from '../domain/problem.ts'
import type { QueueTimes } from '../domain/queue.ts'
import type { Viewer } from '../domain/users.ts'
import type { Stats } from '../queue/stats.ts'
import type { Queue } from '../queue/queue.ts'
import type { RateLimiter } from '../redis/rate-limiter.ts'
import type { SeatSubscriptions } from '../seats/seat-changes.ts'
import type { QueueTokenSigner } from '../auth/queue-tokens.ts'
import type { LastPerformanceAt } from './last-performance.ts'
import type { Loaders } from './loaders.ts'
import type { SeatCounts } from '../seats/seat-counts.ts'

/** How often one user or address may do something that leaves a row, or pays when it is abused: times in a minute. */
export interface RateLimits {
  signUpsPerAddress: number
  joinsPerAddress: number
  joinsPerUser: number
  leavesPerUser: number
  holdsPerUser: number
  cancellationsPerUser: number
  paymentsPerUser: number
  chargesPerUser: number
}

/** The settings that operations depend on. */
export interface OperationSettings {
  queueTimes: QueueTimes
  holdMs: number
  seatsPerUserMax: number
  /** Who may add points: buyers to their own account, or cashiers only. */
  chargesBy: 'buyers' | 'cashiers'
  /** For a concert that does not set its own. */
  queueDefaults: { capacity: number; ratePerSecond: number | null }
  rateLimits: RateLimits
}

/** Created once for the server. */
export interface Services {
  config: OperationSettings
  auth: Auth
  /** Undefined: joining needs no bot check. */
  botCheck: BotCheck | undefined
  queueTokens: QueueTokenSigner
  db: Database
  queue: Queue
  seats: SeatSubscriptions
  seatCounts: SeatCounts
  stats: Stats
  rateLimiter: RateLimiter
  lastPerformanceAt: LastPerformanceAt
  /** Has events that were just committed delivered at once. */
  wakeRelay: () => void
  newLoaders: () => Loaders
  /** A new id; later ones sort after earlier ones. */
  newId: () => string
  now: () => Date
}

/** Created for each operation. */
export interface Context extends Services {
  /** @throws Problem UNAUTHENTICATED without a valid access token; FORBIDDEN for a cashier */
  viewer: () => Viewer
  /** As `viewer`, for the operations that are open to cashiers. @throws Problem UNAUTHENTICATED */
  caller: () => Viewer
  /** The queue token of the request, not verified yet. */
  queueToken: string | undefined
  /** The network address of the client: see http/client-address.ts. */
  address: string
  loaders: Loaders
  /** Set by a proxy, or when an unhandled error is logged. */
  requestId: string | undefined
  /** When the client last sent something, ms of performance.now(), over a WebSocket; undefined: with the request. */
  lastSeenAt: (() => number) | undefined
  /** When the access token expires, ms since 1970: a subscription ends then. Infinity: never. */
  expiresAt: number
  /** A field of the operation has returned a refusal. */
  refused?: boolean
  /** Values in the lists of the result so far: see schema/list-values.ts. */
  listValues?: number
  /** Seats that have been read so far: see resolvers/seats.ts. */
  seatsRead?: number
}

/** The credentials of a request, over any transport. */
export interface Credentials {
  /** `Bearer …` */
  authorization: string | undefined
  queueToken: string | undefined
  /** The network address of the client. */
  address: string
  /** Set by a proxy. */
  requestId: string | undefined
  /** As in Context. */
  lastSeenAt?: () => number
  /** The trace that the request is a part of: https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string | undefined
}

/**
 * Checks the credentials. An invalid access token fails only the operations that need one, so that public queries stay public.
 */
export async function createContext(services: Services, credentials: Credentials): Promise<Context> {
  const identity = await authenticate(services.auth, credentials.authorization)
  const caller = (): Viewer => {
    if (typeof identity === 'function') throw identity()
    return identity.viewer
  }
  const own: Omit<Context, keyof Services> = {
    caller,
    viewer: () => {
      const viewer = caller()
      if (viewer.role === 'cashier') {
        throw new Problem('FORBIDDEN', 'A cashier’s access token is only good for chargePoints.')
      }
      return viewer
    },
    queueToken: credentials.queueToken,
    address: credentials.address,
    loaders: services.newLoaders(),
    requestId: credentials.requestId,
    lastSeenAt: credentials.lastSeenAt,
    expiresAt: typeof identity === 'function' ? Infinity : identity.expiresAt,
  }
  // Not a spread, which takes 13 µs for so many members; this takes less than 1 µs.
  return Object.assign(own, services)
}

/**
 * The identity of an access token, or the problem with it. A function makes the problem, because most requests without a token
 * need none.
 */
export async function authenticate(
  auth: Auth,
  authorization: string | undefined,
): Promise<Identity | (() => Problem)> {
  if (authorization === undefined || authorization === '') return missingAccessToken
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (token === undefined) return malformedAuthorization
  try {
    return await auth.verify(token)
  } catch (error) {
    if (error instanceof Problem) return () => error
    throw error
  }
}

const missingAccessToken = (): Problem =>
  new Problem('UNAUTHENTICATED', 'Sign in first: send your access token as "Authorization: Bearer …".')

const malformedAuthorization = (): Problem =>
  new Problem(
    'UNAUTHENTICATED',
    'The Authorization header has to read "Bearer", a space, and an access token.',
  )
