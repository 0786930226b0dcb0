/** What benchmarks stand on: stores of their own, our server, people and a concert. */
import { mkdtempSync, chmodSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServices } from '../../scripts/services/start.ts'
import { createAuth } from '../../src/auth/access-tokens.ts'
import type * as Migrations from '../../src/db/migrate.ts'
import { ROOT, startProgram, type Program } from './programs.ts'

export interface User {
  id: string
  authorization: string
}

export interface Environment {
  databaseUrl: string
  redisUrl: string
  /** What a server is started with: production, and no limit in the way of the measurement. */
  env: Record<string, string>
  /** Our server. */
  startServer(env?: Record<string, string>): Promise<Program>
  createUsers(count: number): Promise<User[]>
  /** A new concert, by its ids as the API writes them; without a capacity everybody is let in at once. */
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

/** @param root whose tables the database gets: those of this copy, or of an earlier one */
export async function createEnvironment(say: (line: string) => void, root = ROOT): Promise<Environment> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-bench-'))
  chmodSync(directory, 0o755) // root's services run as somebody else
  const { databaseUrl, redisUrl, stop } = await startServices({ directory, keepData: false, log: say })
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
  const person = async (role: 'buyer' | 'operator' = 'buyer'): Promise<User> => {
    const id = randomUUID()
    return { id, authorization: `Bearer ${await auth.issue({ userId: id, role }, 3_600)}` }
  }
  const operator = await person('operator')

  return {
    databaseUrl,
    redisUrl,
    env,
    startServer: (more = {}) => startProgram('src/main.ts', { ...env, ...more }),
    createUsers: (count) => Promise.all(Array.from({ length: count }, () => person())),
    operatorToken: operator.authorization.replace('Bearer ', ''),
    createConcert: async ({ url }, { seatCount, dates = 1, capacity = 1_000_000 }) => {
      const performances = Array.from({ length: dates }, (_, index) => {
        const startsAt = new Date(Date.now() + (index + 1) * DAY_MS)
        return { startsAt, seatCount, seatPrice: 10 }
      })
      const { createConcert } = await request<{ createConcert: { id: string } }>(
        url,
        'mutation ($input: CreateConcertInput!) { createConcert(input: $input) { ... on Concert { id } } }',
        { input: { title: 'Measured', queueCapacity: capacity, performances } },
        operator,
      )
      const buyer = await person()
      const queueToken = await joinQueue(url, createConcert.id, buyer)
      const { performances: made } = await request<{ performances: { id: string }[] }>(
        url,
        'query ($id: ID!) { performances(concertId: $id) { id } }',
        { id: createConcert.id },
        buyer,
        queueToken,
      )
      const leave =
        'mutation ($token: String!) { leaveQueue(input: { token: $token }) { status { __typename } } }'
      await request(url, leave, { token: queueToken }, buyer)
      const performanceIds = made.map(({ id }) => id)
      return { concertId: createConcert.id, performanceId: performanceIds[0] ?? '', performanceIds }
    },
    updateQueue: async ({ url }, concertId, settings) => {
      await request(
        url,
        'mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { paused } }',
        { input: { concertId, ...settings } },
        operator,
      )
    },
    close: stop,
  }
}

/** A queue ticket. */
export async function joinQueue(url: string, concertId: string, person: User): Promise<string> {
  const { issueQueueToken } = await request<{ issueQueueToken: { token: string } }>(
    url,
    'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on QueueTicket { token } } }',
    { id: concertId },
    person,
  )
  return issueQueueToken.token
}

/** Asks a server, and takes no refusal. */
export async function request<Data>(
  url: string,
  query: string,
  variables: object,
  person: Pick<User, 'authorization'>,
  queueToken?: string,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: person.authorization,
      ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
    },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
  const refused = !data || Object.values(data).some((field) => JSON.stringify(field) === '{}')
  if (refused || errors) throw new Error(`${query}: ${JSON.stringify(errors ?? 'refused')}`)
  return data
}
