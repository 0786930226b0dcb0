/** A few people with access tokens, for scripts that know beforehand what has to come out. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { createAuth } from '../../../src/auth/access-tokens.ts'
import { globalId } from '../../../src/schema/ids.ts'
import { documents, type Op } from '../operations.ts'
import type { World } from '../world/types.ts'

export interface Answer {
  /** What the operation's field said. */
  fields: Record<string, unknown>
  /** `__typename` of the answer, or the code of the error. */
  word: string
  retryAfterSeconds: number | undefined
}

export interface Visitor {
  uuid: string
  accessToken: string
  /** Asks a server, straight or through its link. Rejects when there is no answer. */
  ask(url: string, op: Op, variables: object, token?: string): Promise<Answer>
}

/** Longer than any deadline of a server, on a machine that is ten times slower than usual. */
const PATIENCE_MS = 60_000

/** Somebody new. */
export async function createVisitor({ env }: World, role: 'buyer' | 'operator' = 'buyer'): Promise<Visitor> {
  const uuid = randomUUID()
  const auth = createAuth({ kind: 'secret', secret: env.AUTH_SECRET ?? '' })
  const accessToken = await auth.issue({ userId: uuid, role }, 7_200)
  return {
    uuid,
    accessToken,
    ask: async (url, op, variables, token) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${accessToken}`,
          ...(token === undefined ? {} : { 'x-queue-token': token }),
        },
        body: JSON.stringify({ query: documents[op], variables }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      return read(op, (await response.json()) as Body)
    },
  }
}

interface Body {
  data?: Record<string, Record<string, unknown> | null> | null
  errors?: { message: string; extensions: { code: string; retryAfterSeconds?: number } }[]
}

function read(op: Op, { data, errors }: Body): Answer {
  const [error] = errors ?? []
  const fields = data?.[op] ?? {}
  return {
    fields,
    word: error?.extensions.code ?? (fields as { __typename?: string }).__typename ?? 'ok',
    retryAfterSeconds: error?.extensions.retryAfterSeconds,
  }
}

export interface Stand {
  concert: string
  performance: string
  /** As the API writes them. */
  concertId: string
  performanceId: string
}

/** A concert with one date. */
export async function createStand(world: World, { capacity = 1_000, seatCount = 200 } = {}): Promise<Stand> {
  const operator = await createVisitor(world, 'operator')
  const startsAt = new Date(Date.now() + 86_400_000).toISOString()
  const { fields } = await operator.ask(world.servers[0]?.directUrl ?? '', 'createConcert', {
    input: {
      title: 'Script',
      queueCapacity: capacity,
      performances: [{ startsAt, seatCount, seatPrice: 100 }],
    },
  })
  const concertId = String(fields.id)
  const concert = Buffer.from(concertId, 'base64').toString().split(':')[1] ?? ''
  const [row] = await withBooks(
    world,
    (sql) => sql<{ id: string }[]>`
    select id from performances where concert_id = ${concert}`,
  )
  const performance = row?.id ?? ''
  return { concert, concertId, performance, performanceId: globalId('Performance', performance) }
}

/** Joins. @returns the token */
export async function enter(visitor: Visitor, url: string, { concertId }: Stand): Promise<string> {
  const { fields, word } = await visitor.ask(url, 'issueQueueToken', { input: { concertId } })
  if (typeof fields.token !== 'string') throw new Error(`could not join: ${word}`)
  return fields.token
}

/** Looks into PostgreSQL, past all links. */
export async function withBooks<T>(
  { databaseUrl }: World,
  run: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(databaseUrl, { max: 12, onnotice: () => {} })
  try {
    return await run(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
