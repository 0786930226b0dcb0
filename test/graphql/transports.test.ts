/**
 * An answer does not depend on the way that a request takes: HTTP in both media types and both methods, WebSocket and
 * server-sent events of a server process, on the data of real stores, against graphql-js in this process.
 */
import { execute, parse, type ExecutionResult } from 'graphql'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createServices } from '../../src/services.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/resolvers/context.ts'
import { createLog } from '../../src/log.ts'
import { formatError, maskResult } from '../../src/graphql/mask-errors.ts'
import { createSchema } from '../../src/schema/index.ts'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { operationErrors } from '../../src/graphql/complexity.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { secret, type TestUser } from '../support/server.ts'
import { openSocket, type Socket } from '../support/socket.ts'
import { createRandom, generate, type GeneratedDocument } from './generate-documents.ts'

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const DOCUMENTS = 100
const REPETITIONS = 5

/** What changes while nothing is done, and what is only for operators. */
const CHANGING = [
  'concertStats',
  'concertHistory',
  'queueForecast',
  'auditLog',
  'buyer',
  'buyersByBookingCode',
]

let cluster: Cluster
let server: ServerProcess
let user: TestUser
let queueToken: string
let ids: string[]
let socket: Socket
let local: ReturnType<typeof createServices>

const schema = createSchema({ signUp: true })
const documents = createDocumentCache(schema, { introspection: true })

beforeAll(async () => {
  cluster = await startCluster({ ABSENCE_GRACE_SECONDS: '600' })
  server = await cluster.start()
  const { concertId, performanceIds } = await createSale(cluster, { dates: 3, seatCount: 5 })
  const other = await createSale(cluster)
  user = await cluster.user()
  await charge(user, 1_000)
  queueToken = (await join(user, concertId)).token
  const [date = '', next = ''] = performanceIds
  const paid = await hold(user, queueToken, date, [2])
  const held = await hold(user, queueToken, next, [1, 3])
  await pay(user, queueToken, paid.id)
  ids = [concertId, date, next, paid.id, held.id, user.id, other.concertId]
  const env = {
    DATABASE_URL: cluster.database.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: cluster.prefix,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
  }
  local = createServices(readConfig(env), createLog('error'))
  socket = await openSocket(server.url, { init: headers() })
})
afterAll(async () => {
  socket.drop()
  await local.connection.close()
  await local.services.db.close()
  await cluster.stop()
})

const headers = () => ({ authorization: `Bearer ${user.accessToken}`, 'x-queue-token': queueToken })

/** By graphql-js, as it is sent. */
async function expected({ query, variables, operationName }: GeneratedDocument): Promise<object> {
  const contextValue = await createContext(local.services, {
    authorization: headers().authorization,
    queueToken,
    address: '127.0.0.1',
    requestId: undefined,
    traceparent: undefined,
  })
  const args = { schema, document: parse(query), variableValues: variables, operationName, contextValue }
  const errors = operationErrors(args)
  const result: ExecutionResult = errors ? { errors } : await execute(args)
  return shown(maskResult(result, () => 'a bug', contextValue))
}

const shown = ({ errors, data }: ExecutionResult): object =>
  JSON.parse(
    JSON.stringify({
      ...(errors && { errors: errors.map(formatError) }),
      ...(data !== undefined && { data }),
    }),
  ) as object

const ways: [way: string, send: (asked: GeneratedDocument) => Promise<unknown>][] = [
  ['application/json', (asked) => post(asked, 'application/json')],
  ['application/graphql-response+json', (asked) => post(asked, 'application/graphql-response+json')],
  ['GET', get],
  ['WebSocket', overWebSocket],
  ['server-sent events', overEvents],
]

async function post(asked: GeneratedDocument, accept: string): Promise<unknown> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { ...headers(), 'content-type': 'application/json', accept },
    body: JSON.stringify(asked),
  })
  return response.json()
}

async function get({ query, variables, operationName }: GeneratedDocument): Promise<unknown> {
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) })
  if (operationName !== undefined) search.set('operationName', operationName)
  const response = await fetch(`${server.url}?${search.toString()}`, { headers: headers() })
  return response.json()
}

async function overWebSocket(asked: GeneratedDocument): Promise<unknown> {
  socket.send({ type: 'subscribe', id: 'one', payload: asked })
  const { type, payload } = await socket.next()
  if (type === 'error') return { errors: payload }
  await socket.next() // complete
  return payload
}

async function overEvents(asked: GeneratedDocument): Promise<unknown> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { ...headers(), 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(asked),
  })
  const [, data = ''] = /^data: (\{.+\})$/m.exec(await response.text()) ?? []
  return JSON.parse(data)
}

test(`${DOCUMENTS} generated queries have the answer of graphql-js, ${REPETITIONS} times each way`, async () => {
  const random = createRandom(SEED)
  const isAllowed = (field: string): boolean => !CHANGING.includes(field)
  let withData = 0
  for (let done = 0, index = 0; done < DOCUMENTS; index++) {
    const asked = generate(schema, random, { kind: 'query', plain: random.chance(0.5), isAllowed, ids })
    const size = JSON.stringify(asked).length
    if (size > 1_500 || documents.validate(documents.parse(asked.query)).length > 0) continue
    const right = await expected(asked)
    if ('data' in right) withData += 1
    for (let repetition = 1; repetition <= REPETITIONS; repetition++) {
      for (const [way, send] of ways) {
        const hint = `SEED=${SEED}, operation ${index}, ${way}, repetition ${repetition}\n${JSON.stringify(asked)}`
        expect(await send(asked), hint).toEqual(right)
      }
    }
    done += 1
  }
  // Otherwise only refusals were compared.
  expect(withData).toBeGreaterThan(DOCUMENTS / 3)
  console.log(`SEED=${SEED}`, { withData })
})
