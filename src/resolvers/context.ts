/** Who is asking, and the services that an operation may use. */
import type { LRUCache } from 'lru-cache'
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

/** What lives as long as the server. */
export interface Services {
  config: OperationSettings
  auth: Auth
  /** Undefined: robots may join too. */
  botCheck: BotCheck | undefined
  queueTokens: QueueTokenSigner
  db: Database
  queue: Queue
  seats: SeatSubscriptions
  seatCounts: SeatCounts
  stats: Stats
  rateLimiter: RateLimiter
  /** When the last date of a concert starts, ms since 1970; 0: it has none. Dates never change, so it is kept. */
  lastPerformanceAt: LRUCache<string, number>
  /** Has what was just committed delivered at once. */
  wakeRelay: () => void
  newLoaders: () => Loaders
  /** A new id; later ones sort behind earlier ones. */
  newId: () => string
  now: () => Date
}

/** What lives as long as one operation. */
export interface Context extends Services {
  /** @throws Problem UNAUTHENTICATED when nobody has signed in; FORBIDDEN for a cashier */
  viewer: () => Viewer
  /** As `viewer`, for the operations that are open to cashiers. @throws Problem UNAUTHENTICATED */
  caller: () => Viewer
  /** The queue ticket that came with the request, not looked at yet. */
  queueToken: string | undefined
  /** Where the request comes from: see http/client-address.ts. */
  address: string
  loaders: Loaders
  /** What a proxy calls the request; else made up when it is needed: see requestIdOf. */
  requestId: string | undefined
  /** When the client last sent something, ms of performance.now(), where that can move on; undefined: with the request. */
  lastSeenAt: (() => number) | undefined
  /** The trace that the request is a part of. */
  traceparent: string | undefined
  /** When the access token expires, milliseconds since 1970: a subscription ends then. Infinity: there is none. */
  expiresAt: number
  /** Aborted when the client has disconnected; undefined: the transport ends the stream itself. */
  signal?: AbortSignal
  /** The operation has ended with a refusal, or one of its fields has. */
  refused?: boolean
  /** Values in the lists of its answer so far: see schema/list-values.ts. */
  listValues?: number
  /** Seats that it has gone through so far: see resolvers/catalog.ts. */
  seatsRead?: number
}

/** What a request or a socket shows, whichever way it came. */
export interface Credentials {
  /** `Bearer …` */
  authorization: string | undefined
  queueToken: string | undefined
  /** The network address that it came from. */
  address: string
  /** What a proxy calls it. */
  requestId: string | undefined
  /** When the client last sent something, where more than the request can come; ms of performance.now(). */
  lastSeenAt?: () => number
  /** The trace that it is a part of: https://www.w3.org/TR/trace-context/#traceparent-header */
  traceparent: string | undefined
}

/**
 * Checks the credentials. A bad access token ends only the operations that need one, so that public queries
 * stay public.
 */
export async function createContext(services: Services, credentials: Credentials): Promise<Context> {
  const identity = await authenticate(services.auth, credentials.authorization)
  // Inherits the services: copying them would be a tenth of what a small query costs.
  const context = Object.create(services) as Context
  context.caller = () => {
    if (typeof identity === 'function') throw identity()
    return identity.viewer
  }
  context.viewer = () => {
    const caller = context.caller()
    if (caller.role === 'cashier') {
      throw new Problem('FORBIDDEN', 'A cashier’s access token is only good for chargePoints.')
    }
    return caller
  }
  context.expiresAt = typeof identity === 'function' ? Infinity : identity.expiresAt
  context.queueToken = credentials.queueToken
  context.address = credentials.address
  context.requestId = credentials.requestId
  context.lastSeenAt = credentials.lastSeenAt
  context.traceparent = credentials.traceparent
  context.loaders = services.newLoaders()
  return context
}

/** What the log calls this operation: most end well, and need no name. */
export const requestIdOf = (context: Context): string => (context.requestId ??= context.newId())

/** Whose access token it is, or why it is nobody's. Most who look around have none, so errors are made when needed. */
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
