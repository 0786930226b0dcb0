/** What pays when it is done often: signing up, joining, charging. Counted over all instances, in Redis. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { connectRedis } from '../../src/redis/connection.ts'
import { createRateLimiter } from '../../src/redis/rate-limiter.ts'
import { clientAddress } from '../../src/http/client-address.ts'
import { createSale, hold, join as joinAs } from '../support/purchase.ts'
import { createUser, startServer, type TestServer } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { attack, transports } from './transports.ts'

let server: TestServer
let way: TcpProxy
/** Another instance on the same stores. */
let second: { url: string; stop: () => Promise<void> }
let concertId: string
let date: string
beforeAll(async () => {
  way = await createTcpProxy(inject('redisUrl'))
  server = await startServer({
    REDIS_URL: way.url,
    LOG_LEVEL: 'silent',
    TRUST_PROXY: '1',
    RATE_SIGN_UPS_PER_ADDRESS: '3',
    RATE_JOINS_PER_ADDRESS: '4',
    RATE_JOINS_PER_USER: '2',
    RATE_LEAVES_PER_USER: '2',
    RATE_HOLDS_PER_USER: '2',
    RATE_CANCELLATIONS_PER_USER: '2',
    RATE_PAYMENTS_PER_USER: '2',
    RATE_CHARGES_PER_USER: '2',
  })
  const app = createApp(readConfig(server.env))
  second = { url: `http://127.0.0.1:${await app.start()}/graphql`, stop: () => app.stop() }
  await Promise.all([server.url, second.url].map((url) => fetch(new URL('/health', url))))
  const sale = await createSale(server)
  concertId = sale.concertId
  date = sale.performanceIds[0] ?? ''
})
afterEach(() => way.restore())
afterAll(async () => {
  await second.stop()
  await server.stop()
  way.close()
})

const signUp = { query: 'mutation { result: signUp(input: { name: "x" }) { accessToken } }' }
const join = () => ({
  query: `mutation { result: issueQueueToken(input: { concertId: "${concertId}" }) { __typename } }`,
})
const charge = (key: string = randomUUID()) => ({
  query: `mutation { result: chargePoints(input: { amount: 1, idempotencyKey: "${key}" }) { __typename } }`,
})
let last = 0
/** From an address of its own, or from one that is given. */
const from = (address = `198.51.100.${(last += 1)}`) => ({ headers: { 'x-forwarded-for': address } })

describe.each(transports)('over %s', (transport) => {
  const send = (url: string, body: object, options: object = {}) => attack(transport, url, body, options)

  test('an address signs up so many times in a minute, on all instances together', async () => {
    const here = from()
    const codes = []
    for (const url of [server.url, second.url, server.url, second.url, server.url])
      codes.push((await send(url, signUp, here)).code)
    expect(codes).toEqual(['ok', 'ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED'])
    expect((await send(server.url, signUp, from())).code).toBe('ok')
    // A client that writes the header itself stays who it is: the proxy adds to the right.
    const lying = from(`192.0.2.1, ${here.headers['x-forwarded-for']}`)
    expect((await send(server.url, signUp, lying)).code).toBe('RATE_LIMITED')
  })

  test('a user joins and charges so many times, from wherever', async () => {
    const { accessToken } = await server.user()
    for (const operation of [join, charge]) {
      const codes = []
      for (const url of [server.url, second.url, server.url])
        codes.push((await send(url, operation(), { accessToken, ...from() })).code)
      expect(codes.slice(0, 2)).not.toContain('RATE_LIMITED')
      expect(codes[2]).toBe('RATE_LIMITED')
    }
    const other = await server.user()
    expect((await send(server.url, charge(), { accessToken: other.accessToken })).code).toBe(
      'ChargePointsPayload',
    )
  })

  test('a user holds, cancels, pays and leaves so many times; what is too much leaves no row', async () => {
    const user = await server.user()
    const credentials = { accessToken: user.accessToken, queueToken: (await joinAs(user, concertId)).token }
    const { id } = await hold(user, credentials.queueToken, date, [transport === 'http' ? 1 : 2])
    const keys = () => server.database.sql`select from idempotency_keys where user_id = ${user.uuid}`
    for (const [mutation, input] of [
      ['payReservation', `reservationId: "${id}"`],
      ['cancelReservation', `reservationId: "${id}"`],
      ['holdSeats', `performanceId: "${date}", seatNumbers: [3]`],
      ['leaveQueue', `token: "${credentials.queueToken}"`],
    ] as const) {
      const send3 = (url: string) => {
        const key = mutation === 'leaveQueue' ? '' : `, idempotencyKey: "${randomUUID()}"`
        const query = `mutation { result: ${mutation}(input: { ${input}${key} }) { __typename } }`
        return send(url, { query }, credentials)
      }
      const codes = [(await send3(server.url)).code, (await send3(second.url)).code]
      const before = (await keys()).length
      const { code, retryAfterSeconds } = await send3(server.url)
      // The hold above was one of the two.
      if (mutation !== 'holdSeats') expect(codes).not.toContain('RATE_LIMITED')
      expect([mutation, code]).toEqual([mutation, 'RATE_LIMITED'])
      expect(retryAfterSeconds).toBeGreaterThan(0)
      expect(await keys()).toHaveLength(before)
    }
  })

  test('an address joins so many times, whoever does it', async () => {
    const here = from()
    const codes = []
    for (let i = 0; i < 5; i++) {
      const { accessToken } = await server.user()
      codes.push((await send(server.url, join(), { accessToken, ...here })).code)
    }
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(1)
    expect(codes[4]).toBe('RATE_LIMITED')
  })

  test('who joins too often takes nothing from the others of the address', async () => {
    const here = from()
    const eager = await server.user()
    const codes = []
    for (let i = 0; i < 6; i++)
      codes.push((await send(server.url, join(), { accessToken: eager.accessToken, ...here })).code)
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(4)
    for (let i = 0; i < 2; i++) {
      const { accessToken } = await server.user()
      expect((await send(server.url, join(), { accessToken, ...here })).code).toBe('IssueQueueTokenPayload')
    }
  })

  test('it says when to come back', async () => {
    const here = from()
    const { accessToken } = await server.user()
    const last = async (operation: () => object, count: number, options: object) => {
      let retryAfterSeconds
      for (let i = 0; i <= count; i++) ({ retryAfterSeconds } = await send(server.url, operation(), options))
      return retryAfterSeconds
    }
    // A minute, divided by how many there are in one.
    expect(await last(() => signUp, 3, here)).toBe(20)
    expect(await last(join, 2, { accessToken, ...here })).toBe(30)
    expect(await last(charge, 2, { accessToken, ...here })).toBe(30)
    const shared = from()
    for (let i = 0; i < 4; i++)
      await send(server.url, join(), { accessToken: (await server.user()).accessToken, ...shared })
    const late = await server.user()
    expect(await last(join, 0, { accessToken: late.accessToken, ...shared })).toBe(15)
  })
})

test('it says when to come back, and then it works', async () => {
  const { accessToken } = await server.user()
  const ask = async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` }
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify(charge()) })
    return (await response.json()) as { errors?: { message: string; extensions: object }[] }
  }
  await ask()
  await ask()
  const { errors } = await ask()
  expect(errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: 30 })
  expect(errors?.[0]?.message).toBe('Too many requests. Try again in 30 s.')
})

test('thirty at once get exactly what there is, on two instances', async () => {
  const prefix = `test:${randomUUID()}`
  const connect = () => connectRedis({ url: inject('redisUrl') })
  const connections = [connect(), connect()] as const
  await Promise.all(connections.map((connection) => connection.call(() => connection.redis.ping())))
  // What is not counted in time is let pass; here everything is, however busy the machine is.
  const rates = connections.map((connection) => createRateLimiter({ connection, prefix, countMsMax: 60_000 }))
  const waits = await Promise.all(
    rates.flatMap((one) => Array.from({ length: 15 }, () => one.consume('what', 'who', 3))),
  )
  expect(waits.filter((wait) => wait === 0)).toHaveLength(3)
  await connections[0].redis.del(`${prefix}:rate:what:who`)
  await Promise.all(connections.map((connection) => connection.close()))
})

test('what was refused has not been done, and has not used up its key', async () => {
  const user = await server.user()
  const key = randomUUID()
  for (let i = 0; i < 2; i++) await attack('http', server.url, charge(), user)
  expect((await attack('http', server.url, charge(key), user)).code).toBe('RATE_LIMITED')
  const keys = await server.database.sql`select from idempotency_keys where key = ${key}`
  expect(keys).toHaveLength(0)
  expect(await user.request('{ points { balance } }')).toEqual({ points: { balance: 2 } })
})

test('operators act for many, and are not counted', async () => {
  const { accessToken } = await createUser(server.url, 'operator')
  for (let i = 0; i < 5; i++)
    expect((await attack('http', server.url, charge(), { accessToken })).code).toBe('ChargePointsPayload')
})

test.each(['cut', 'blackhole'] as const)(
  'with Redis away (%s) charging goes on, and is not slow',
  async (how) => {
    const { accessToken } = await server.user()
    way[how]()
    for (let i = 0; i < 4; i++) {
      const charging = attack('http', server.url, charge(), { accessToken })
      // A join waits for Redis as long as any call may. A charge does not.
      const others = how === 'blackhole' ? [attack('http', server.url, join(), { accessToken })] : []
      expect((await Promise.race([charging, ...others])).code).toBe('ChargePointsPayload')
      await Promise.all(others)
    }
    way.restore()
    const healthy = async () => (await fetch(new URL('/health', server.url))).status
    await expect.poll(healthy).toBe(200)
  },
)

test('what was taken comes back one by one, and leaves nothing behind in the end', async () => {
  const prefix = `test:${randomUUID()}`
  const connection = connectRedis({ url: inject('redisUrl') })
  await connection.call(() => connection.redis.ping())
  const rates = createRateLimiter({ connection, prefix })
  // 600 in a minute: one in 100 ms, and as many again as it takes to use them up.
  let wait = 0
  let taken = 0
  for (; wait === 0; taken += 1) wait = await rates.consume('what', 'who', 600)
  expect(taken).toBeGreaterThan(600)
  const key = `${prefix}:rate:what:who`
  const ttl = await connection.redis.pttl(key)
  expect(ttl).toBeGreaterThan(30_000)
  expect(ttl).toBeLessThanOrEqual(60_001)
  expect(wait).toBeLessThanOrEqual(100)
  await expect.poll(() => rates.consume('what', 'who', 600), { interval: 20 }).toBe(0)
  await connection.redis.del(key)
  await connection.close()
})

describe('the address that is counted', () => {
  const request = (socket: string | undefined, forwarded?: string) =>
    ({
      socket: { remoteAddress: socket },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage

  test.each<[proxies: number, socket: string, forwarded: string | undefined, counted: string]>([
    [0, '203.0.113.9', undefined, '203.0.113.9'],
    [0, '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    [0, '::ffff:203.0.113.9', undefined, '203.0.113.9'],
    [1, '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [1, '10.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    [2, '10.0.0.1', '6.6.6.6,198.51.100.1,10.0.0.2', '198.51.100.1'],
    [1, '10.0.0.1', undefined, '10.0.0.1'],
    [1, '10.0.0.1', 'unknown', '10.0.0.1'],
    [1, '10.0.0.1', "'; drop table users", '10.0.0.1'],
    [1, '10.0.0.1', ' , ,', '10.0.0.1'],
    [0, '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
    [0, '2001:db8:1:2::9', undefined, '2001:db8:1:2::/64'],
    [0, '2001:0DB8:0001:0002::9', undefined, '2001:db8:1:2::/64'],
    [0, '::1', undefined, '0:0:0:0::/64'],
    [0, 'fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  ])('behind %d proxies, from %s with %s: %s', (proxies, socket, forwarded, counted) => {
    expect(clientAddress(request(socket, forwarded), proxies)).toBe(counted)
  })

  test('is nothing for a socket that is gone already', () => {
    expect(clientAddress(request(undefined), 0)).toBe('')
  })
})

test('without TRUST_PROXY the header is only a header', async () => {
  const plain = await startServer({ RATE_SIGN_UPS_PER_ADDRESS: '1', SOCKETS_PER_ADDRESS_MAX: '1' })
  await fetch(new URL('/health', plain.url)) // what cannot be counted yet is let pass
  expect((await attack('http', plain.url, signUp, from())).code).toBe('ok')
  expect((await attack('http', plain.url, signUp, from())).code).toBe('RATE_LIMITED')
  const socket = await openSocket(plain.url, from())
  await expect(openSocket(plain.url, from())).rejects.toThrow('429')
  socket.drop()
  await plain.stop()
})
