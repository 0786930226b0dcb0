/** A store is away: what needs it says so in time, and what does not goes on. DESIGN.md, "When something is down". */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { expectValidErrors } from '../support/expect-error.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { charge, createSale, hold, join, pay, statusOf, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { cancel, errorCodeOf, leaveQueue } from '../support/operations.ts'
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let server: TestServer
let database: TestDatabase
let ways: { postgres: TcpProxy; redis: TcpProxy }
let sale: Sale
beforeAll(async () => {
  database = await createDatabase()
  ways = { postgres: await createTcpProxy(database.url), redis: await createTcpProxy(inject('redisUrl')) }
  server = await startServer({
    DATABASE_URL: ways.postgres.url,
    REDIS_URL: ways.redis.url,
    LOG_LEVEL: 'silent',
  })
  sale = await createSale(server)
})
afterAll(async () => {
  await server.stop()
  ways.postgres.close()
  ways.redis.close()
  await database.drop()
})

const statusAt = async (path: string): Promise<number> => (await fetch(new URL(path, server.url))).status
const healthy = (): Promise<number> => statusAt('/health')
const probes = (): Promise<number[]> => Promise.all(['/live', '/ready', '/health'].map(statusAt))

let user: TestUser
let token: string
let held: string
let date: string
let nextSeat = 1
beforeEach(async () => {
  await expect.poll(healthy).toBe(200)
  date = sale.performanceIds[0] ?? ''
  user = await server.user()
  token = (await join(user, sale.concertId)).token
  held = (await hold(user, token, date, [nextSeat++])).id
  await charge(user, 500)
})

const input = (type: string, field: string, fields: () => object): [string, () => object] => [
  `mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`,
  () => ({
    input: {
      ...fields(),
      ...(field.match(/Seats|pay|cancel|Points/) ? { idempotencyKey: randomUUID() } : {}),
    },
  }),
]
type Operation = [query: string, variables: () => object]

const needsRedis: Operation[] = [
  input('IssueQueueTokenInput', 'issueQueueToken', () => ({ concertId: sale.concertId })),
  ['{ queueTicket { token } }', () => ({})],
  ['query ($id: ID!) { performances(concertId: $id) { id } }', () => ({ id: sale.concertId })],
  ['query ($id: ID!) { performance(id: $id) { id } }', () => ({ id: date })],
  ['query ($id: ID!) { concert(id: $id) { queue { waitingCount } } }', () => ({ id: sale.concertId })],
  input('HoldSeatsInput', 'holdSeats', () => ({ performanceId: date, seatNumbers: [49] })),
]

const needsPostgres: Operation[] = [
  ['{ concerts { edges { node { id } } } }', () => ({})],
  ['query ($id: ID!) { concert(id: $id) { title } }', () => ({ id: sale.concertId })],
  ['query ($id: ID!) { node(id: $id) { id } }', () => ({ id: held })],
  ['query ($id: ID!) { performances(concertId: $id) { id } }', () => ({ id: sale.concertId })],
  ['query ($id: ID!) { performance(id: $id) { id } }', () => ({ id: date })],
  ['query ($id: ID!) { reservation(id: $id) { id } }', () => ({ id: held })],
  ['{ reservations { edges { node { id } } } }', () => ({})],
  ['{ me { name } }', () => ({})],
  ['{ points { balance } }', () => ({})],
  ['mutation { signUp(input: { name: "x" }) { accessToken } }', () => ({})],
  input('HoldSeatsInput', 'holdSeats', () => ({ performanceId: date, seatNumbers: [49] })),
  input('PayReservationInput', 'payReservation', () => ({ reservationId: held })),
  input('CancelReservationInput', 'cancelReservation', () => ({ reservationId: held })),
  input('ChargePointsInput', 'chargePoints', () => ({ amount: 1 })),
  input('LeaveQueueInput', 'leaveQueue', () => ({ token })),
]

/** All of them at once: each is answered, with an error that may be tried again. */
async function expectOverloaded(operations: Operation[]): Promise<void> {
  await Promise.all(
    operations.map(async ([query, variables]) => {
      const answer = await user.send(query, variables(), { queueToken: token })
      expect([query, answer.errors?.[0]?.extensions]).toEqual([
        query,
        { code: 'OVERLOADED', retryAfterSeconds: 1 },
      ])
      expectValidErrors(answer)
    }),
  )
}

test('with both stores present, every probe answers 200', async () => {
  expect(await probes()).toEqual([200, 200, 200])
})

describe.each(['cut', 'blackhole'] as const)('Redis is away (%s)', (how) => {
  test('a purchase under way goes on, leaving releases the seats; what needs the queue may be tried again', async () => {
    const leaver = await server.user()
    const leaving = await join(leaver, sale.concertId)
    const left = await hold(leaver, leaving.token, date, [nextSeat++])
    ways.redis[how]()
    await expectOverloaded(needsRedis)
    // A report of /health is kept for a second.
    await expect.poll(probes).toEqual([200, 200, 503])

    expect((await charge(user, 1)).balance).toBe(501)
    expect(await user.request('{ points { balance } }')).toEqual({ points: { balance: 501 } })
    const key = randomUUID()
    const paid = await pay(user, token, held, key)
    expect(paid.__typename).toBe('PayReservationPayload')
    expect(await pay(user, token, held, key)).toEqual(paid)
    expect((await cancel(user, held)).__typename).toBe('AlreadyPaid')

    expect(errorCodeOf(await leaveQueue(leaver, leaving.token))).toBe('OVERLOADED')
    expect((await pay(leaver, leaving.token, left.id)).__typename).toBe('HoldExpired')

    ways.redis.restore()
    await expect.poll(healthy).toBe(200)
    const gone = async () => (await statusOf(leaver, leaving.token)).__typename
    await expect.poll(gone).toBe('Lapsed')
    const ended = async () => (await statusOf(user, token)).__typename
    await expect.poll(ended).toBe('Finished')
  })
})

describe.each(['cut', 'blackhole'] as const)('PostgreSQL is away (%s)', (how) => {
  test('the queue goes on; the rest may be tried again, and has no half effects', async () => {
    const before = await database.sql`select count(*)::int from transfers`
    ways.postgres[how]()
    await expectOverloaded(needsPostgres)
    // A report of /health is kept for a second.
    await expect.poll(probes).toEqual([200, 200, 503])

    const newcomer = await server.user()
    const joined = await join(newcomer, sale.concertId)
    expect(joined.status.__typename).toBe('Admitted')
    expect((await statusOf(newcomer, joined.token)).__typename).toBe('Admitted')

    ways.postgres.restore()
    await expect.poll(healthy).toBe(200)
    expect(await database.sql`select count(*)::int from transfers`).toEqual(before)
    expect((await pay(user, token, held)).__typename).toBe('PayReservationPayload')
  })
})
