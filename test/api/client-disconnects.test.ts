/** Clients that disconnect while their subscription starts, at each step of the start: nothing of it is left on the server. */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createKeys } from '../../src/redis/keys.ts'
import { scrape } from '../telemetry/scrape.ts'
import { uuidOf } from '../support/arrange.ts'
import { createClient } from '../support/client.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { startIssuer } from '../support/issuer.ts'
import { createSale, join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { seatSubscription, statusSubscription } from '../support/operations.ts'
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** How many subscriptions a user may have at a time here. */
const STREAMS_MAX = 3

let database: TestDatabase
let toDatabase: TcpProxy
let toRedis: TcpProxy
let server: TestServer
let redis: Redis
let concertId: string
let performanceId: string
let operator: TestUser

beforeAll(async () => {
  redis = new Redis(inject('redisUrl'))
  database = await createDatabase()
  toDatabase = await createTcpProxy(database.url)
  toRedis = await createTcpProxy(inject('redisUrl'))
  server = await startServer({
    DATABASE_URL: toDatabase.url,
    REDIS_URL: toRedis.url,
    STREAMS_PER_USER_MAX: String(STREAMS_MAX),
  })
  const sale = await createSale(server)
  concertId = sale.concertId
  performanceId = sale.performanceIds[0] ?? ''
  operator = sale.operator
})
afterAll(async () => {
  await server.stop()
  toDatabase.close()
  toRedis.close()
  await database.drop()
  redis.disconnect()
})

type Transport = 'ws' | 'sse'
type Headers = Record<string, string>

interface Operation {
  query: string
  variables?: object
}

const status = (): Operation => ({ query: statusSubscription })
const seats = (): Operation => ({ query: seatSubscription, variables: { id: performanceId } })
const stats = (): Operation => ({
  query: 'subscription ($id: ID!) { concertStatsChanges(concertId: $id) { issued } }',
  variables: { id: concertId },
})

/** A client whose subscription is being started. */
interface Starting {
  /** Disconnects, and resolves when the server has noticed. */
  vanish(): Promise<void>
}

/** Sends a part of a request; Node ends the connection of a client that has closed its half. */
function sendPart(url: string, text: string): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume()
  socket.write(text)
  return socket
}

const headOf = (length: number, headers: Headers): string =>
  [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'Accept: text/event-stream',
    `Content-Length: ${length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')

async function begin(
  transport: Transport,
  url: string,
  operation: Operation,
  headers: Headers,
): Promise<Starting> {
  if (transport === 'sse') {
    const body = JSON.stringify(operation)
    const socket = sendPart(url, headOf(body.length, headers) + body)
    return {
      vanish: async () => {
        socket.end()
        await new Promise((resolve) => socket.once('close', resolve))
      },
    }
  }
  const socket = await openSocket(url)
  socket.send({ type: 'subscribe', id: 'a', payload: { ...operation, extensions: { headers } } })
  return {
    vanish: async () => {
      socket.drop()
      await expect.poll(() => metric(url, 'stagedoor_websockets')).toBe(0)
    },
  }
}

const metric = async (url: string, name: string, labels: Record<string, string> = {}) =>
  (await scrape(url)).value(name, labels) ?? 0

/** How many starts of a subscription are over, however they ended. */
const startsOf = (url: string, operation: string) => metric(url, 'stagedoor_requests_total', { operation })

const headersOf = (accessToken: string, queueToken: string): Headers => ({
  authorization: `Bearer ${accessToken}`,
  'x-queue-token': queueToken,
})

async function enter() {
  const user = await server.user()
  const { token } = await join(user, concertId)
  return { user, token, headers: headersOf(user.accessToken, token) }
}

/** How many listen on Redis to what concerns this concert. */
async function listeners(): Promise<number> {
  const keys = createKeys(server.config.redisPrefix)
  const channels = [keys.queueChannel(uuidOf(concertId)), keys.seatsChannel(uuidOf(performanceId))]
  const counts = (await redis.pubsub('NUMSUB', ...channels)) as (string | number)[]
  return Number(counts[1]) + Number(counts[3])
}

async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => metric(server.url, 'stagedoor_subscriptions')).toBe(0)
  await expect.poll(listeners).toBe(0)
}

/** Every subscription that the user may have at a time is still to be had. */
async function expectAllSlotsFree(user: TestUser, queueToken: string): Promise<void> {
  const client = createClient(server.url, { accessToken: user.accessToken, queueToken })
  const streams = Array.from({ length: STREAMS_MAX }, () => client.subscribe('ws', statusSubscription))
  for (const stream of streams) expect(await stream.next()).toMatchObject({ queueTicketChanges: {} })
  await Promise.all(streams.map((stream) => stream.stop()))
}

describe.each<Transport>(['sse', 'ws'])('over %s, a client vanishes', (transport) => {
  test.each<[step: string, operation: string, of: () => Operation, hold: () => Promise<void>]>([
    ['while Redis is asked about its admission', 'seatChanges', seats, () => toRedis.hold(uuidOf(concertId))],
    [
      'while PostgreSQL is asked for the date',
      'seatChanges',
      seats,
      () => toDatabase.hold(uuidOf(performanceId)),
    ],
    ['while the first seats are read', 'seatChanges', seats, () => toDatabase.hold(uuidOf(performanceId), 2)],
    [
      'while Redis is asked to tell of changes',
      'queueTicketChanges',
      status,
      () => toRedis.hold('subscribe'),
    ],
    ['while its place is read', 'queueTicketChanges', status, () => toRedis.hold(uuidOf(concertId), 2)],
  ])('%s', async (_, operation, of, hold) => {
    const { user, token, headers } = await enter()
    const before = await startsOf(server.url, operation)
    for (let round = 1; round <= STREAMS_MAX + 1; round++) {
      const held = hold()
      const starting = await begin(transport, server.url, of(), headers)
      await held
      await starting.vanish()
      toRedis.release()
      toDatabase.release()
      await expect.poll(() => startsOf(server.url, operation)).toBe(before + round)
      await expectNothingLeft()
    }
    await expectAllSlotsFree(user, token)
  })

  test('while PostgreSQL is asked for the concert of its statistics', async () => {
    const before = await startsOf(server.url, 'concertStatsChanges')
    const held = toDatabase.hold(uuidOf(concertId))
    const headers = { authorization: `Bearer ${operator.accessToken}` }
    const starting = await begin(transport, server.url, stats(), headers)
    await held
    await starting.vanish()
    toDatabase.release()
    await expect.poll(() => startsOf(server.url, 'concertStatsChanges')).toBe(before + 1)
    await expectNothingLeft()
  })

  test('while its access token is checked', async () => {
    const issuer = await startIssuer()
    const strange = await startServer({ AUTH_SECRET: '', AUTH_JWKS_URL: issuer.url })
    const asked = issuer.hold()
    const exp = Math.floor(Date.now() / 1000) + 600
    const accessToken = await issuer.sign({ sub: randomUUID(), role: 'operator', exp })
    const { token } = await enter()
    const headers = headersOf(accessToken, token)
    const starting = await begin(transport, strange.url, status(), headers)
    await asked
    await starting.vanish()
    issuer.release()
    await expect.poll(() => startsOf(strange.url, 'queueTicketChanges')).toBe(1)
    await expect.poll(() => metric(strange.url, 'stagedoor_subscriptions')).toBe(0)
    await strange.stop()
    await issuer.stop()
  })

  test('when it has too many already', async () => {
    const { user, token, headers } = await enter()
    const open = await Promise.all(
      Array.from({ length: STREAMS_MAX + 2 }, () => begin(transport, server.url, status(), headers)),
    )
    await expect.poll(() => metric(server.url, 'stagedoor_subscriptions')).toBe(STREAMS_MAX)
    for (const one of open) void one.vanish()
    await expectNothingLeft()
    await expectAllSlotsFree(user, token)
  })

  test('at any moment, 300 times', async () => {
    const { user, token, headers } = await enter()
    for (let round = 0; round < 300; round++) {
      const operation = round % 2 ? seats() : status()
      const body = JSON.stringify(operation)
      if (transport === 'sse') {
        const socket = sendPart(server.url, headOf(body.length, headers) + body)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
        socket.destroy()
      } else {
        const socket = await openSocket(server.url)
        socket.send({ type: 'subscribe', id: 'a', payload: { ...operation, extensions: { headers } } })
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
        socket.drop()
      }
    }
    await expectNothingLeft()
    await expectAllSlotsFree(user, token)
  })
})

test('over sse, a client vanishes while its body arrives', async () => {
  const { user, token, headers } = await enter()
  for (let round = 0; round <= STREAMS_MAX; round++) {
    const body = JSON.stringify(status())
    const socket = sendPart(server.url, headOf(body.length, headers) + body.slice(0, 20))
    socket.end()
    await new Promise((resolve) => socket.once('close', resolve))
  }
  await expectNothingLeft()
  await expectAllSlotsFree(user, token)
})

test('a subscription whose answer the client cannot read is refused before it starts', async () => {
  const { user, token, headers } = await enter()
  for (let round = 0; round <= STREAMS_MAX; round++) {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(status()),
    })
    expect(response.status).toBe(406)
  }
  await expectNothingLeft()
  await expectAllSlotsFree(user, token)
})

test('an id that is used again while its first operation still starts closes the socket', async () => {
  const { user, token, headers } = await enter()
  const held = toDatabase.hold(uuidOf(performanceId))
  const socket = await openSocket(server.url)
  const subscribe = { type: 'subscribe', id: 'a', payload: { ...seats(), extensions: { headers } } }
  socket.send(subscribe)
  await held
  socket.send({ type: 'complete', id: 'a' })
  socket.send(subscribe)
  toDatabase.release()
  expect((await socket.closed).code).toBe(4409)
  await expectNothingLeft()
  await expectAllSlotsFree(user, token)
})
