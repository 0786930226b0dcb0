/** A few people with access tokens, for scripts that know beforehand what has to come out. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { createAuth } from '../../../src/auth/access-tokens.ts'
import { globalId } from '../../../src/schema/ids.ts'
import { documents, type Op } from '../operations.ts'
import type { FaultCluster } from '../cluster/types.ts'

export interface Result {
  /** What the operation's field said. */
  fields: Record<string, unknown>
  /** `__typename` of the answer, or the code of the error. */
  outcome: string
  retryAfterSeconds: number | undefined
}

export interface TestUser {
  uuid: string
  accessToken: string
  /** Asks a server, straight or through its link. Rejects when there is no answer. */
  request(url: string, op: Op, variables: object, token?: string): Promise<Result>
}

/** Longer than any deadline of a server, on a machine that is ten times slower than usual. */
const TIMEOUT_MS = 60_000

/** Somebody new. */
export async function createTestUser(
  { env }: FaultCluster,
  role: 'buyer' | 'operator' = 'buyer',
): Promise<TestUser> {
  const uuid = randomUUID()
  const auth = createAuth({ kind: 'secret', secret: env.AUTH_SECRET ?? '' })
  const accessToken = await auth.issue({ userId: uuid, role }, 7_200)
  return {
    uuid,
    accessToken,
    request: async (url, op, variables, token) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${accessToken}`,
          ...(token === undefined ? {} : { 'x-queue-token': token }),
        },
        body: JSON.stringify({ query: documents[op], variables }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return toResult(op, (await response.json()) as Body)
    },
  }
}

interface Body {
  data?: Record<string, Record<string, unknown> | null> | null
  errors?: { message: string; extensions: { code: string; retryAfterSeconds?: number } }[]
}

function toResult(op: Op, { data, errors }: Body): Result {
  const [error] = errors ?? []
  const fields = data?.[op] ?? {}
  return {
    fields,
    outcome: error?.extensions.code ?? (fields as { __typename?: string }).__typename ?? 'ok',
    retryAfterSeconds: error?.extensions.retryAfterSeconds,
  }
}

export interface TestConcert {
  concert: string
  performance: string
  /** As the API writes them. */
  concertId: string
  performanceId: string
}

/** A concert with one date. */
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
  const concert = Buffer.from(concertId, 'base64').toString().split(':')[1] ?? ''
  const [row] = await withDatabase(
    cluster,
    (sql) => sql<{ id: string }[]>`
    select id from performances where concert_id = ${concert}`,
  )
  const performance = row?.id ?? ''
  return { concert, concertId, performance, performanceId: globalId('Performance', performance) }
}

/** Joins. @returns the token */
export async function joinQueue(user: TestUser, url: string, { concertId }: TestConcert): Promise<string> {
  const { fields, outcome } = await user.request(url, 'issueQueueToken', { input: { concertId } })
  if (typeof fields.token !== 'string') throw new Error(`could not join: ${outcome}`)
  return fields.token
}

/** Looks into PostgreSQL, past all links. */
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
