/** What a collector hears of an operation: the whole of it, each statement and each script. */
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSale, join, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { statusSubscription } from '../support/operations.ts'
import { startCollector, type Collector, type Span } from './otlp-collector.ts'

let collector: Collector
let server: TestServer
let sale: Sale
let buyer: TestUser
let token: string
beforeAll(async () => {
  collector = await startCollector()
  server = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, LOG_LEVEL: 'silent' })
  sale = await createSale(server)
  buyer = await server.user()
  token = (await join(buyer, sale.concertId)).token
})
afterAll(async () => {
  await server.stop()
  await collector.close()
})

const parent = () => ({ traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') })
const traceparentOf = ({ traceId, spanId }: ReturnType<typeof parent>, sampled = true): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`

type Way = (body: object, traceparent: string) => Promise<unknown>
const overHttp =
  (query: string): Way =>
  async (body, traceparent) => {
    const response = await fetch(server.url + query, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${buyer.accessToken}`,
        'x-queue-token': token,
        traceparent,
      },
      body: JSON.stringify(body),
    })
    return response.text()
  }
const overSocket: Way = async (payload, traceparent) => {
  const init = { authorization: `Bearer ${buyer.accessToken}`, 'x-queue-token': token, traceparent }
  const socket = await openSocket(server.url, { init })
  socket.send({ type: 'subscribe', id: 'one', payload })
  const message = await socket.next()
  socket.drop()
  return message.payload
}

/** The spans of a trace, once they are as many. */
async function trace(traceId: string, wanted: (spans: Span[]) => boolean): Promise<Span[]> {
  const spans = () => collector.spans.filter((span) => span.traceId === traceId)
  await expect.poll(() => wanted(spans()), { message: 'the trace' }).toBe(true)
  return spans()
}

const hold = {
  query: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
  variables: () => ({
    input: { performanceId: sale.performanceIds[0], seatNumbers: [1], idempotencyKey: randomUUID() },
  }),
}

describe.each<[string, Way]>([
  ['the fast path', overHttp('')],
  ['Yoga', overHttp('?')],
  ['WebSocket', overSocket],
])('over %s', (_, send) => {
  // The first uses of a document are walked, later ones are compiled.
  test.each([1, 2, 3, 4])('a mutation is part of the client’s trace (%i)', async () => {
    const client = parent()
    await send({ query: hold.query, variables: hold.variables() }, traceparentOf(client))
    const spans = await trace(client.traceId, (all) => all.some(({ name }) => name === 'mutation holdSeats'))
    const [whole, ...others] = spans.filter(({ parentSpanId }) => parentSpanId === client.spanId)
    expect(whole?.name).toBe('mutation holdSeats')
    expect(others).toEqual([])
    expect(whole?.attributes['graphql.operation.type']).toBe('mutation')
    const parts = spans.filter(({ parentSpanId }) => parentSpanId === whole?.spanId)
    expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(['redis use.lua', 'sql hold_seats']))
    const sql = parts.find(({ name }) => name === 'sql hold_seats')
    expect(sql?.attributes['db.query.text']).toMatch(/^select hold_seats\( \$, /)
    // Nothing else is in it.
    expect(spans.length).toBe(1 + parts.length)
  })

  test('a read by drizzle has a name, and an error its code', async () => {
    const client = parent()
    const query = 'query ($id: ID!) { concert(id: $id) { title } points(userId: "x") { balance } }'
    await send({ query, variables: { id: sale.concertId } }, traceparentOf(client))
    const done = (all: Span[]): boolean => all.some(({ name }) => name === 'query other')
    const spans = await trace(client.traceId, done)
    expect(spans.find(({ name }) => name === 'query other')?.status).toMatchObject({
      code: 2,
      message: 'BAD_INPUT',
    })
  })

  test('what a client does not have traced is not', async () => {
    const hidden = parent()
    await send({ query: '{ concerts(first: 1) { __typename } }' }, traceparentOf(hidden, false))
    const shown = parent()
    await send({ query: '{ concerts(first: 1) { __typename } }' }, traceparentOf(shown))
    await trace(shown.traceId, (all) => all.some(({ name }) => name === 'query concerts'))
    expect(collector.spans.filter(({ traceId }) => traceId === hidden.traceId)).toEqual([])
  })
})

test('a subscription is traced as far as its start', async () => {
  const client = parent()
  await overSocket({ query: statusSubscription }, traceparentOf(client))
  await trace(client.traceId, (all) => all.some(({ name }) => name === 'subscription queueTicketChanges'))
})

test('without a traceparent, or with one that is none, it is a trace of its own', async () => {
  const id = randomUUID()
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: 'nonsense', 'x-request-id': id },
    body: JSON.stringify({ query: '{ concerts(first: 3) { edges { node { title } } } }' }),
  })
  expect(response.status).toBe(200)
  const ours = () => collector.spans.find(({ attributes }) => attributes['stagedoor.request_id'] === id)
  await expect.poll(ours).toMatchObject({ name: 'query concerts' })
  expect(ours()?.parentSpanId).toBeUndefined()
  const parts = collector.spans.filter(({ parentSpanId }) => parentSpanId === ours()?.spanId)
  expect(parts.map(({ name }) => name)).toEqual(['sql concerts'])
})

test('no secret is sent, and nothing that a client has written', async () => {
  const before = collector.texts.length
  const written = `written by a client ${randomUUID()}`
  await buyer.send(`query ($id: ID!) { concert(id: $id) { title } } # ${written}`, { id: written })
  await buyer.send('mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }', {
    input: { amount: 1, idempotencyKey: written },
  })
  await expect.poll(() => collector.texts.length).toBeGreaterThan(before)
  await expect.poll(() => collector.texts.join()).toContain('sql charge_points')
  for (const secret of [buyer.accessToken, token, written])
    expect(collector.texts.join()).not.toContain(secret)
})

test('a collector that is away holds nothing up, and neither does the end', async () => {
  const away = await startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', LOG_LEVEL: 'silent' })
  const user = await away.user()
  for (let time = 0; time < 20; time++) await user.request('{ concerts(first: 1) { __typename } }')
  await away.stop()
})
