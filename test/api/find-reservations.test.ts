import { afterAll, beforeAll, expect, test } from 'vitest'
import { letHoldLapse, stopSweeper, uuidOf } from '../support/arrange.ts'
import { charge, createSale, hold, join, pay, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { cancel } from '../support/operations.ts'

let server: TestServer
let sale: Sale
let user: TestUser
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startServer({ SEATS_PER_USER_MAX: '10' })
  await stopSweeper(server.database)
  sale = await createSale(server)
  user = await server.user()
  const { token } = await join(user, sale.concertId)
  await charge(user, 100)
  for (const [index, name] of ['paid', 'cancelled', 'lapsed', 'held'].entries()) {
    ids[name] = (await hold(user, token, sale.performanceIds[0] ?? '', [index + 1])).id
  }
  await pay(user, token, ids['paid'] ?? '')
  await cancel(user, ids['cancelled'] ?? '')
  await letHoldLapse(server.database, ids['lapsed'] ?? '')
})
afterAll(() => server.stop())

interface Listed {
  reservations: { edges: { node: { id: string } }[] }
}

async function named(status: unknown): Promise<(string | undefined)[]> {
  const query = `query ($status: [ReservationStatus!]) {
    reservations(first: 10, status: $status) { edges { node { id } } } }`
  const { reservations } = await user.request<Listed>(query, { status })
  return reservations.edges.map(({ node }) => Object.keys(ids).find((name) => ids[name] === node.id))
}

test.each<[status: unknown, expected: string[]]>([
  [null, ['paid', 'cancelled', 'lapsed', 'held']],
  [undefined, ['paid', 'cancelled', 'lapsed', 'held']],
  [[], []],
  ['PAID', ['paid']],
  [['HELD'], ['held']],
  // It has lapsed, and the sweeper has not run.
  [['EXPIRED'], ['lapsed']],
  [
    ['HELD', 'PAID'],
    ['paid', 'held'],
  ],
  [
    ['EXPIRED', 'CANCELLED'],
    ['cancelled', 'lapsed'],
  ],
  [['REFUNDED'], []],
])('reservations of status %j', async (status, expected) => {
  expect(await named(status)).toEqual(expected)
})

test('a page of one status has only that status, and knows whether there are more', async () => {
  const query = `{ reservations(last: 1, status: [PAID]) { pageInfo { hasPreviousPage } edges { node { id } } } }`
  expect(await user.request(query)).toEqual({
    reservations: { pageInfo: { hasPreviousPage: false }, edges: [{ node: { id: ids['paid'] } }] },
  })
})

const byCode = `query ($code: String!) { buyersByBookingCode(bookingCode: $code) { user { id } } }`

test('a booking code finds the buyer, in the printed form and in the forms that people type', async () => {
  const digits = uuidOf(ids['paid'] ?? '').slice(-8)
  const printed = `${digits.slice(0, 4)} ${digits.slice(4)}`.toUpperCase()
  for (const code of [printed, digits, printed.replace(' ', '-'), ` ${printed} `]) {
    expect(await sale.operator.request(byCode, { code })).toEqual({
      buyersByBookingCode: [{ user: { id: user.id } }],
    })
  }
})

test('a code shared by two reservations finds both buyers, and an unused code finds none', async () => {
  const uuid = uuidOf(ids['paid'] ?? '')
  const [twin] = await server.database.sql`insert into reservations
    select (r).* from (select jsonb_populate_record(r, jsonb_build_object(
      'id', '00000000-0000-7000-8000-0000' || right(${uuid}, 8), 'user_id', '00000000-0000-4000-8000-000000000001',
      'status', 'HELD', 'decided_at', null)) as r from reservations r where id = ${uuid}) as made returning id`
  expect(twin).toBeDefined()
  const code = uuid.slice(-8)
  const { buyersByBookingCode } = await sale.operator.request<{ buyersByBookingCode: object[] }>(byCode, {
    code,
  })
  expect(buyersByBookingCode).toHaveLength(2)
  const other = code.replace(/./g, (digit) => (digit === '0' ? '1' : '0'))
  expect(await sale.operator.request(byCode, { code: other })).toEqual({ buyersByBookingCode: [] })
})

test.each(['', '9F3A', '9F3A 07C', '9F3A 07CG', '9F3A 07C2 1', 'x'.repeat(10_000)])(
  '%s is not a booking code: BAD_INPUT',
  async (code) => {
    const { errors } = await sale.operator.send(byCode, { code })
    expect(errors?.[0]?.extensions.code).toBe('BAD_INPUT')
  },
)

test('a booking code can be searched by operators only', async () => {
  const { errors } = await user.send(byCode, { code: '9F3A 07C2' })
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})
