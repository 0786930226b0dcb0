/** Who is asking, and the services that an operation may use. */
import type { LRUCache } from 'lru-cache'
import type { Auth } from './auth.ts'
import type { BotCheck } from './bots.ts'
import type { Config } from './config.ts'
import type { Database } from './db/client.ts'
import { Problem } from './domain/problem.ts'
import type { Viewer } from './domain/users.ts'
import type { Queue } from './queue/queue.ts'
import type { Rates } from './queue/rates.ts'
import type { SeatWatch } from './queue/seats.ts'
import type { TicketSigner } from './queue/tickets.ts'
import { createLoaders, type Loaders } from './resolvers/loaders.ts'

/** What lives as long as the server. */
export interface Services {
  config: Pick<Config, 'holdMs' | 'seatsPerUserMax' | 'queueDefaults' | 'rateLimits'>
  auth: Auth
  /** Undefined: robots may join too. */
  botCheck: BotCheck | undefined
  tickets: TicketSigner
  db: Database
  queue: Queue
  seats: SeatWatch
  rates: Rates
  /** When the last date of a concert starts, ms since 1970; 0: it has none. Dates never change, so it is kept. */
  lastPerformanceAt: LRUCache<string, number>
  /** Has what was just committed delivered at once. */
  wakeRelay: () => void
  /** A new id; later ones sort behind earlier ones. */
  newId: () => string
  now: () => Date
}

/** What lives as long as one operation. */
export interface Context extends Services {
  /** @throws Problem UNAUTHENTICATED when nobody has signed in */
  viewer: () => Viewer
  /** The queue ticket that came with the request, not looked at yet. */
  shownTicket: string | undefined
  /** Where the request comes from: see transports/address.ts. */
  address: string
  loaders: Loaders
}

/** What a request or a socket shows, whichever way it came. */
export interface Credentials {
  /** `Bearer …` */
  authorization: string | undefined
  queueToken: string | undefined
  /** The network address that it came from. */
  address: string
}

/**
 * Checks the credentials. A bad access token ends only the operations that need one, so that public queries
 * stay public.
 */
export async function createContext(services: Services, credentials: Credentials): Promise<Context> {
  const viewer = await identify(services.auth, credentials.authorization)
  return {
    ...services,
    viewer: () => {
      if (viewer instanceof Problem) throw viewer
      return viewer
    },
    shownTicket: credentials.queueToken,
    address: credentials.address,
    loaders: createLoaders(services.db, services.queue),
  }
}

/** Whose access token it is, or why it is nobody's. */
export async function identify(auth: Auth, authorization: string | undefined): Promise<Viewer | Problem> {
  if (authorization === undefined || authorization === '') {
    return new Problem(
      'UNAUTHENTICATED',
      'Sign in first: send your access token as "Authorization: Bearer …".',
    )
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (token === undefined) {
    return new Problem(
      'UNAUTHENTICATED',
      'The Authorization header has to read "Bearer", a space, and an access token.',
    )
  }
  try {
    return await auth.verify(token)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
