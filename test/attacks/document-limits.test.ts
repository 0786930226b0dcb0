/**
 * Each limit by itself: what is just under it is fine, and what is just above breaks that limit and no other. Whoever takes
 * a limit away turns its line red.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WRITE_BUFFER_BYTES_MAX } from '../../src/websocket/send.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { attack, type Transport } from './transports.ts'

let server: TestServer
let user: TestUser
let token: string
let concertId: string
let date: string
let reservationId: string
/** A concert with 50,000 seats, and one with 60,000, and who may look at them. */
let halls: Record<'under' | 'above', { concertId: string; date: string; token: string }>
beforeAll(async () => {
  server = await startServer()
  const sale = await createSale(server)
  concertId = sale.concertId
  date = sale.performanceIds[0] ?? ''
  user = await server.user()
  token = (await join(user, concertId)).token
  reservationId = (await hold(user, token, date, [1])).id
  const hall = async (dates: number) => {
    const { concertId, performanceIds } = await createSale(server, { dates, seatCount: 10_000 })
    return { concertId, date: performanceIds[0] ?? '', token: (await join(user, concertId)).token }
  }
  halls = { under: await hall(5), above: await hall(6) }
})
afterAll(() => server.stop())

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

interface Body {
  query: string
  operationName?: string
  queueToken?: string
}

/** payment → reservation → payment → …, `depth` fields deep. */
function deep(depth: number): Body {
  const chain = times(depth - 2, (i) => (i % 2 === 0 ? '{ payment' : '{ reservation'))
  return {
    query: `query { reservation(id: "${reservationId}") ${chain} { __typename ${'} '.repeat(depth - 1)} }`,
  }
}
const aliased = (count: number, field: string): Body => ({
  query: `{ me { ${times(count, (i) => `a${i}: ${field}`)} } }`,
})
const directed = (count: number): Body => ({
  query: `{ me { ${times(count, () => 'id @include(if: true)')} } }`,
})
/** Eight tokens each, and one of them is run. */
const operations = (count: number): Body => ({
  query: times(count, (i) => `query Q${i} { me { id } }`),
  operationName: 'Q0',
})
/** `me` is one of them. */
const broad = (count: number): Body => ({ query: `{ me { ${times(count - 1, () => 'id')} } }` })
const dear = (count: number): Body => ({
  query: `{ ${times(count, (i) => `d${i}: performances(concertId: "${concertId}") { seats { number price status } availableSeatCount }`)} }`,
})
const dates = (hall: typeof halls.under): Body => ({
  query: `{ performances(concertId: "${hall.concertId}") { seats(status: SOLD) { number } } }`,
  queueToken: hall.token,
})
const hallTimes = (count: number): Body => ({
  query: `{ performance(id: "${halls.under.date}") { ${times(count, (i) => `s${i}: seats(status: SOLD) { number }`)} } }`,
  queueToken: halls.under.token,
})
const seatsWith = (fields: number): Body => ({
  query: `{ performance(id: "${halls.under.date}") { seats { ${times(fields, (i) => `f${i}: number`)} } } }`,
  queueToken: halls.under.token,
})
const named = (alias: string): Body => ({ query: `{ ...A } fragment A on Query { ${alias}: me { id } }` })
const charging = (count: number): Body => ({
  query: `mutation { ${times(count, (i) => `c${i}: chargePoints(input: { amount: 1, idempotencyKey: "c${i}" }) { __typename }`)} }`,
})

const lines: [limit: string, under: () => Body, above: () => Body][] = [
  ['12 fields deep', () => deep(12), () => deep(13)],
  ['20 aliases', () => aliased(20, 'id'), () => aliased(21, 'id')],
  ['20 aliases of __typename', () => aliased(20, '__typename'), () => aliased(21, '__typename')],
  ['20 directives', () => directed(20), () => directed(21)],
  ['1,500 tokens', () => operations(187), () => operations(188)],
  ['200 fields', () => broad(200), () => broad(201)],
  ['a cost of 5,000', () => dear(3), () => dear(4)],
  ['an alias of 64 characters', () => named('a'.repeat(64)), () => named('a'.repeat(65))],
  ['an alias that objects keep', () => named('__prototype__'), () => named('__proto__')],
  ['50,000 seats of a concert', () => dates(halls.under), () => dates(halls.above)],
  ['50,000 seats of one date', () => hallTimes(5), () => hallTimes(6)],
  ['60,000 values, with seats of one date', () => seatsWith(5), () => seatsWith(6)],
  ['one charge', () => charging(1), () => charging(2)],
]

const seatFields = (count: number) => times(count, (i) => ['number', 'price', 'status'][i % 3] ?? '')
const watching = (count: number): Body => ({
  query: `subscription { seatChanges(performanceId: "${date}") { seats { ${seatFields(count)} } } }`,
})
/** The largest date there can be, with the fields of a normalised cache, which are 60,000 values, and with more. */
const watchingAll = (more: string): Body => ({
  query: `subscription { seatChanges(performanceId: "${halls.under.date}") { seats { __typename id number price status } ${more} } }`,
  queueToken: halls.under.token,
})
/** `queueTicketChanges` and `status` are two of them. */
const waiting = (count: number): Body => ({
  query: `subscription { queueTicketChanges { status { ... on Lapsed { ${times(count - 2, () => 'reason')} } } } }`,
})

const streams: typeof lines = [
  ['a cost of 5,000', () => watching(6), () => watching(7)],
  ['200 fields', () => waiting(200), () => waiting(201)],
  [
    '60,000 values of one message',
    () => watchingAll('snapshot'),
    () => watchingAll('others: seats { number }'),
  ],
  [
    '60,000 values of one message, with seats of its date',
    () => watchingAll('performance { seats(status: SOLD) { number } }'),
    () => watchingAll('performance { seats { number } }'),
  ],
]

const roads: [road: string, transport: Transport, search: string][] = [
  ['the fast path', 'http', ''],
  ['Yoga', 'http', '?'], // only the bare address takes the fast path
  ['ws', 'ws', ''],
  ['sse', 'sse', ''],
]

describe.each(roads)('over %s', (_, transport, search) => {
  const send = ({ queueToken = token, ...body }: Body) =>
    attack(transport, server.url + search, body, { accessToken: user.accessToken, queueToken })

  test.each(transport === 'http' ? lines : [...lines, ...streams])('%s', async (limit, under, above) => {
    expect((await send(under())).code).toBe('ok')
    const { code, data } = await send(above())
    expect(code).toBe('BAD_INPUT')
    if (limit.includes('seats of')) {
      // Only the seats that go beyond the limit are null.
      const text = JSON.stringify(data)
      expect(text).toMatch(/"s(eats|\d)":null/)
    } else expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true)
  })
})

test('a socket has room for all seats of the largest date, whatever the network takes at once', async () => {
  const { queueToken = '', ...payload } = watchingAll('snapshot')
  const init = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': queueToken }
  const socket = await openSocket(server.url, { init })
  socket.send({ type: 'subscribe', id: 'one', payload })
  const { length } = JSON.stringify(await socket.next())
  expect(length).toBeGreaterThan(1_000_000)
  expect(length).toBeLessThan(WRITE_BUFFER_BYTES_MAX)
  socket.drop()
})

describe('a subscription that costs too much does not begin: it is over when its error has been sent', () => {
  const credentials = () => ({ authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token })

  test('over ws', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    socket.send({ type: 'subscribe', id: 'one', payload: watching(7) })
    expect(JSON.stringify(await socket.next())).toContain('"BAD_INPUT"')
    expect(await socket.next()).toEqual({ type: 'complete', id: 'one' })
    socket.drop()
  })

  test('over sse', async () => {
    const headers = { ...credentials(), 'content-type': 'application/json', accept: 'text/event-stream' }
    const signal = AbortSignal.timeout(60_000)
    const body = JSON.stringify(watching(7))
    const response = await fetch(server.url, { method: 'POST', headers, body, signal })
    expect(await response.text()).toContain('"BAD_INPUT"')
  })
})
