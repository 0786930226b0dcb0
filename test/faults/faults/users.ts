/** Users with access tokens, for scripts with a known result. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { createUser, sendOperation, type User } from '../client.ts'
import type { Op } from '../operations.ts'
import { uuidOf } from '../sales.ts'
import type { FaultCluster } from '../cluster/types.ts'

export interface Result {
  /** See fieldsOf. */
  fields: Record<string, unknown>
  /** `ok`, the `__typename` of a refusal, or the code of an error. */
  outcome: string
  retryAfterSeconds: number | undefined
}

export interface TestUser extends User {
  /** @param url of a server, or of its link */
  request(url: string, op: Op, variables: object, queueToken?: string): Promise<Result>
}

/** Longer than any deadline of a server, on a machine that is ten times slower than usual. */
const TIMEOUT_MS = 60_000

export async function createTestUser(
  cluster: FaultCluster,
  role: 'buyer' | 'operator' = 'buyer',
): Promise<TestUser> {
  const user = await createUser(cluster, randomUUID(), role)
  return {
    ...user,
    request: async (url, op, variables, queueToken) => {
      const credentials = { accessToken: user.accessToken, queueToken }
      const {
        answer = {},
        code = 'ok',
        ...result
      } = await sendOperation(url, op, variables, credentials, TIMEOUT_MS)
      return { fields: answer, outcome: code, retryAfterSeconds: result.retryAfterSeconds }
    },
  }
}

export interface TestConcert {
  concert: string
  performance: string
  /** The same as global ids. */
  concertId: string
  performanceId: string
}

/** Creates a concert with one date. */
export async function createTestConcert(
  cluster: FaultCluster,
  { capacity = 1_000, seatCount = 200 } = {},
): Promise<TestConcert> {
  const operator = await createTestUser(cluster, 'operator')
  const startsAt = new Date(Date.now() + 86_400_000).toISOString()
  const { fields } = await operator.request(cluster.servers[0]?.directUrl ?? '', 'createConcert', {
    input: {
      title: 'Script',
      queueCapacity: capacity,
      performances: [{ startsAt, seatCount, seatPrice: 100 }],
    },
  })
  const concertId = String(fields.id)
  const [{ id: performanceId = '' } = {}] = fields.performances as { id?: string }[]
  return { concert: uuidOf(concertId), concertId, performance: uuidOf(performanceId), performanceId }
}

/** Joins. @returns the token */
export async function joinQueue(user: TestUser, url: string, { concertId }: TestConcert): Promise<string> {
  const { fields, outcome } = await user.request(url, 'issueQueueToken', { input: { concertId } })
  if (typeof fields.token !== 'string') throw new Error(`could not join: ${outcome}`)
  return fields.token
}

/** Connects to PostgreSQL without a link. */
export async function withDatabase<T>(
  { databaseUrl }: FaultCluster,
  run: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(databaseUrl, { max: 12, onnotice: () => {} })
  try {
    return await run(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
