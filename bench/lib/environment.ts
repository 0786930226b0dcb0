/** The environment of a benchmark: stores of its own, the server, users and concerts. */
import { mkdtempSync, chmodSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServices } from '../../scripts/services/start.ts'
import { createClient, type Credentials } from '../../client/client.ts'
import { nodeWebSocket } from '../../client/node.ts'
import {
  CreateConcertDocument,
  IssueQueueTokenDocument,
  UpdateQueueDocument,
} from '../../client/documents.ts'
import { createAuth } from '../../src/auth/access-tokens.ts'
import type * as Migrations from '../../src/db/migrate.ts'
import { isRefused } from './documents.ts'
import { ROOT, startProgram, type Program } from './programs.ts'

/** A user's credentials. */
export interface User {
  accessToken: string
}

export interface Environment {
  databaseUrl: string
  redisUrl: string
  /** The settings of a server: production, with rate limits out of the way. */
  env: Record<string, string>
  startServer(env?: Record<string, string>): Promise<Program>
  createUsers(count: number): Promise<User[]>
  /** Creates a concert. Without a capacity everybody is admitted at once. */
  createConcert(
    server: Program,
    wanted: { seatCount: number; dates?: number; capacity?: number },
  ): Promise<{ concertId: string; performanceId: string; performanceIds: string[] }>
  updateQueue(
    server: Program,
    concertId: string,
    settings: { capacity?: number; paused?: boolean; ratePerSecond?: number | null },
  ): Promise<void>
  operatorToken: string
  close(): Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000
const secret = 'a secret that is long enough to measure with'

/** @param root the working tree whose migrations the database gets: this one, or that of an earlier commit */
export async function createEnvironment(log: (line: string) => void, root = ROOT): Promise<Environment> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'))
  chmodSync(directory, 0o755) // PostgreSQL does not run as root
  const { databaseUrl, redisUrl, stop } = await startServices({ directory, keepData: false, log })
  const { migrate } = (await import(join(root, 'src/db/migrate.ts'))) as typeof Migrations
  await migrate(databaseUrl)
  const auth = createAuth({ kind: 'secret', secret })
  const env = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    DRAIN_SECONDS: '0',
    CHARGES_BY: 'buyers',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    RATE_SIGN_UPS_PER_ADDRESS: '10000000',
    RATE_JOINS_PER_ADDRESS: '10000000',
    RATE_JOINS_PER_USER: '10000000',
    RATE_CHARGES_PER_USER: '10000000',
    SOCKETS_PER_ADDRESS_MAX: '100000',
    CLAIM_SECONDS: '36000',
    ADMISSION_SECONDS: '36000',
  }
  const createUser = async (role: 'buyer' | 'operator' = 'buyer'): Promise<User> => ({
    accessToken: await auth.issue({ userId: randomUUID(), role }, 3_600),
  })
  const operator = await createUser('operator')

  return {
    databaseUrl,
    redisUrl,
    env,
    startServer: (more = {}) => startProgram('src/main.ts', { ...env, ...more }),
    createUsers: (count) => Promise.all(Array.from({ length: count }, () => createUser())),
    operatorToken: operator.accessToken,
    createConcert: async ({ url }, { seatCount, dates = 1, capacity = 1_000_000 }) => {
      const performances = Array.from({ length: dates }, (_, index) => {
        const startsAt = new Date(Date.now() + (index + 1) * DAY_MS).toISOString()
        return { startsAt, seatCount, seatPrice: 10 }
      })
      const { createConcert } = await connect(url, operator).request(CreateConcertDocument, {
        input: { title: 'Measured', queueCapacity: capacity, performances },
      })
      if (createConcert.__typename !== 'CreateConcertPayload') throw new Error(createConcert.message)
      const { concert } = createConcert
      const performanceIds = concert.performances.map(({ id }) => id)
      return { concertId: concert.id, performanceId: performanceIds[0] ?? '', performanceIds }
    },
    updateQueue: async ({ url }, concertId, settings) => {
      await connect(url, operator).request(UpdateQueueDocument, {
        input: { concertId, ...settings },
      })
    },
    close: stop,
  }
}

const connect = (url: string, credentials: Credentials) =>
  createClient({ url, credentials, retry: false, webSocketImpl: nodeWebSocket() })

/** Joins the queue of a concert. @returns the queue token */
export async function joinQueue(url: string, concertId: string, user: User): Promise<string> {
  const input = { concertId }
  const client = connect(url, user)
  const { issueQueueToken } = await client.request(IssueQueueTokenDocument, { input })
  if (issueQueueToken.__typename !== 'IssueQueueTokenPayload') throw new Error(issueQueueToken.message)
  return issueQueueToken.ticket.token
}

/** Sends one of the measured operations. @throws Error when it is refused */
export async function request<Data>(
  url: string,
  query: string,
  variables: object,
  credentials: Credentials,
): Promise<Data> {
  const data = await connect(url, credentials).request<Data>(query, variables)
  if (isRefused(JSON.stringify(data))) throw new Error(`${query} was refused`)
  return data
}
