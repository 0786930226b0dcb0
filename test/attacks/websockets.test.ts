/** Sockets that ask for too much, say too much, or say nothing at all. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket as TcpSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Server } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { createConnectionLimits } from '../../src/websocket/connection-limits.ts'
import { createMemoryBudget } from '../../src/websocket/memory-budget.ts'
import { attachConnection } from '../../src/websocket/attach-connection.ts'
import type { Connection } from '../../src/websocket/protocol.ts'
import { createSale, join } from '../support/purchase.ts'
import { secret, startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket, type Socket } from '../support/socket.ts'
import { seatSubscription, statusSubscription } from '../support/operations.ts'
import { attack } from './transports.ts'

let server: TestServer
let user: TestUser
let token: string
let date: string
beforeAll(async () => {
  server = await startServer({
    SOCKETS_PER_ADDRESS_MAX: '12',
    SOCKETS_PER_USER_MAX: '3',
    STREAMS_PER_USER_MAX: '4',
    RATE_MESSAGES_PER_SOCKET: '300',
    ALLOWED_ORIGINS: 'https://tickets.example',
    TRUST_PROXY: '1',
  })
  const { concertId, performanceIds } = await createSale(server, { seatCount: 5_000 })
  date = performanceIds[0] ?? ''
  user = await server.user()
  token = (await join(user, concertId)).token
})
afterAll(() => server.stop())

const credentials = (of = user, queueToken = token) => ({
  authorization: `Bearer ${of.accessToken}`,
  'x-queue-token': queueToken,
})
const auth = createAuth({ kind: 'secret', secret })
const subscribe = (id: string, query = statusSubscription, variables = {}) => ({
  type: 'subscribe',
  id,
  payload: { query, variables },
})
const codeIn = ({ payload }: { payload?: unknown }) => JSON.stringify(payload).match(/"code":"(\w+)"/)?.[1]

describe('an origin', () => {
  const from = (origin?: string) =>
    openSocket(server.url, origin === undefined ? {} : { headers: { origin } })

  test('that is allowed may connect, as may this server’s own pages, and whatever is no browser', async () => {
    for (const origin of ['https://tickets.example', new URL(server.url).origin, undefined])
      (await from(origin)).drop()
  })

  test.each([
    'https://evil.example',
    'http://tickets.example',
    'https://tickets.example.evil.example',
    'null',
    'x',
  ])('%s may not', async (origin) => {
    await expect(from(origin)).rejects.toThrow('403')
  })

  test('may read answers over HTTP only if it is allowed', async () => {
    const allows = async (origin: string) => {
      const headers = { origin, 'content-type': 'application/json' }
      const response = await fetch(server.url, { method: 'POST', headers, body: '{"query":"{__typename}"}' })
      return response.headers.get('access-control-allow-origin')
    }
    expect(await allows('https://tickets.example')).toBe('https://tickets.example')
    expect(await allows('https://evil.example')).toBeNull()
  })
})

describe('too many', () => {
  /** What a handshake is answered with: the status, and when to come back. */
  const refusalOf = (headers: Record<string, string>) =>
    new Promise((resolve) => {
      const url = server.url.replace('http', 'ws')
      new WebSocket(url, 'graphql-transport-ws', { headers }).once('unexpected-response', (_, response) => {
        resolve([response.statusCode, response.headers['retry-after']])
        response.destroy()
      })
    })

  test('sockets of one address: the handshake is refused with 429, until one is closed', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.1, 198.51.100.7' }
    const open = await Promise.all(Array.from({ length: 12 }, () => openSocket(server.url, { headers })))
    await expect(openSocket(server.url, { headers })).rejects.toThrow('429')
    // What a client writes into the header itself stands further left, and changes nothing.
    const lying = { 'x-forwarded-for': '192.0.2.9, 198.51.100.7' }
    await expect(openSocket(server.url, { headers: lying })).rejects.toThrow('429')
    expect(await refusalOf(headers)).toEqual([429, '10'])
    const other = await openSocket(server.url, { headers: { 'x-forwarded-for': '198.51.100.8' } })
    open[0]?.drop()
    await expect
      .poll(() =>
        openSocket(server.url, { headers }).then(
          (socket) => open.push(socket),
          () => 0,
        ),
      )
      .toBe(13)
    for (const socket of [...open, other]) socket.drop()
  })

  test('sockets of everybody: the handshake is refused with 503, and requests are answered', async () => {
    const full = await startServer({ SOCKETS_MAX: '2' })
    const [first, second] = await Promise.all([openSocket(full.url), openSocket(full.url)])
    await expect(openSocket(full.url)).rejects.toThrow('503')
    expect((await fetch(new URL('/ready', full.url))).status).toBe(200)
    first.drop()
    await expect.poll(() => openSocket(full.url).then((socket) => socket.drop(), String)).toBe(undefined)
    second.drop()
    await full.stop()
  })

  test('sockets of one user: the last is closed with 4429, and others are not concerned', async () => {
    const init = credentials()
    const open = await Promise.all([1, 2, 3].map(() => openSocket(server.url, { init })))
    const fourth = await openSocket(server.url, { init: null })
    fourth.send({ type: 'connection_init', payload: init })
    expect(await fourth.closed).toEqual({ code: 4429, reason: 'Too many connections' })
    const other = await openSocket(server.url, { init: credentials(await server.user()) })
    for (const socket of [...open, other]) socket.drop()
  })

  test('sockets of one user who is known by the operations only, as those of our own pages', async () => {
    const { accessToken, id } = await server.user()
    const ask = (socket: Socket, accessToken: string, name = 'one') => {
      const extensions = { headers: { Authorization: `Bearer ${accessToken}` } }
      socket.send({ type: 'subscribe', id: name, payload: { query: '{ me { id } }', extensions } })
      return socket.next()
    }
    const sockets = await Promise.all([1, 2, 3, 4].map(() => openSocket(server.url)))
    const [first, second, third, fourth] = sockets as [Socket, Socket, Socket, Socket]
    for (const socket of [first, second, third, first]) {
      expect(await ask(socket, accessToken)).toMatchObject({ payload: { data: { me: { id } } } })
      expect(await socket.next()).toEqual({ type: 'complete', id: 'one' })
    }
    // Who is nobody, or somebody else, is not counted with them.
    expect(codeIn(await ask(fourth, 'forged'))).toBe('UNAUTHENTICATED')
    const other = await server.user()
    while ((await fourth.next()).type !== 'complete');
    expect(await ask(fourth, other.accessToken)).toMatchObject({
      payload: { data: { me: { id: other.id } } },
    })
    while ((await fourth.next()).type !== 'complete');
    await expect(ask(fourth, accessToken)).rejects.toThrow()
    expect(await fourth.closed).toEqual({ code: 4429, reason: 'Too many connections' })
    first.drop()
    await expect
      .poll(async () => {
        const socket = await openSocket(server.url)
        const answer = await ask(socket, accessToken).catch(() => null)
        socket.drop()
        return JSON.stringify(answer)
      })
      .toContain(id)
    for (const socket of [second, third]) socket.drop()
  })

  test('sockets that close while their user is looked up are not counted for ever', async () => {
    const limits = createConnectionLimits(1)
    const gone = new WebSocket(server.url.replace('http', 'ws'))
    await once(gone, 'open')
    gone.terminate()
    await once(gone, 'close')
    limits.add('somebody', gone)
    expect(limits.isFull('somebody')).toBe(false)
  })

  test('subscriptions of one user: an error, over both transports, until one ends', async () => {
    const sockets = await Promise.all([1, 2].map(() => openSocket(server.url, { init: credentials() })))
    const [first, second] = sockets as [Socket, Socket]
    for (const id of ['a', 'b']) {
      for (const socket of sockets) {
        socket.send(subscribe(id))
        expect(await socket.next()).toMatchObject({ type: 'next', id })
      }
    }
    first.send(subscribe('c'))
    expect(codeIn(await first.next())).toBe('RATE_LIMITED')
    expect(await first.next()).toEqual({ type: 'complete', id: 'c' })
    const own = { accessToken: user.accessToken, queueToken: token }
    expect((await attack('sse', server.url, { query: statusSubscription }, own)).code).toBe('RATE_LIMITED')

    first.send({ type: 'complete', id: 'a' })
    await expect
      .poll(async () => (await attack('sse', server.url, { query: statusSubscription }, own)).code)
      .toBe('ok')
    second.drop()
    await expect
      .poll(async () => {
        first.send(subscribe('d'))
        return (await first.next()).type
      })
      .toBe('next')
    first.drop()
  })

  test('subscriptions that are given up or cut off before they begin leave nothing counted', async () => {
    const socket = await openSocket(server.url)
    for (let round = 0; round < 20; round++) {
      // A token that is new takes a moment to be checked, and meanwhile nobody wants the stream any more.
      const fresh = await auth.issue({ userId: user.uuid, role: 'buyer' }, 600 + round)
      const headers = { authorization: `Bearer ${fresh}`, 'x-queue-token': token }
      const id = `${round}`
      socket.send({ type: 'subscribe', id, payload: { query: statusSubscription, extensions: { headers } } })
      socket.send({ type: 'complete', id })
    }
    socket.send(subscribe('after', '{ __typename }'))
    let answer = await socket.next()
    while (answer.id !== 'after') answer = await socket.next()
    socket.drop()
    for (let round = 0; round < 10; round++) {
      const socket = await openSocket(server.url, { init: credentials() })
      for (const id of ['a', 'b', 'c']) socket.send(subscribe(id))
      if (round % 2) await sleep(1)
      socket.drop()
      await socket.closed
    }
    await expect
      .poll(async () => {
        const socket = await openSocket(server.url, { init: credentials() })
        const kinds = []
        for (const id of ['a', 'b', 'c', 'd']) {
          socket.send(subscribe(id))
          kinds.push((await socket.next().catch(() => ({ payload: 'closed' }))).payload)
        }
        socket.drop()
        return JSON.stringify(kinds)
      })
      .not.toMatch(/RATE_LIMITED|closed/)
  })

  test('operations at once on one socket: an error for each that is too much', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    for (let i = 0; i < 150; i++) socket.send(subscribe(`${i}`, '{ me { id } points { balance } }'))
    const answers = []
    while (answers.length < 150) {
      const message = await socket.next()
      if (message.type !== 'complete') answers.push(codeIn(message) ?? 'fine')
    }
    expect(answers.filter((answer) => answer === 'RATE_LIMITED')).toHaveLength(50)
    expect(answers.filter((answer) => answer === 'fine')).toHaveLength(100)
    socket.drop()
  })

  test('messages in a minute: closed with 4429, and nothing that comes after is done', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    const name = 'mutation { signUp(input: { name: "flood" }) { accessToken } }'
    for (let i = 0; i < 299; i++) socket.send({ type: 'ping' })
    for (let i = 0; i < 50; i++) socket.send(subscribe(`${i}`, name))
    expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many messages' })
    expect(await server.database.sql`select from users where name = 'flood'`).toHaveLength(0)
  })
})

test('what is sent after a reason to close is not done', async () => {
  const socket = await openSocket(server.url, { init: credentials() })
  socket.send('hello')
  for (let i = 0; i < 10; i++)
    socket.send(subscribe(`${i}`, 'mutation { signUp(input: { name: "late" }) { accessToken } }'))
  expect((await socket.closed).code).toBe(4400)
  expect((await attack('ws', server.url, { query: '{ __typename }' })).code).toBe('ok')
  expect(await server.database.sql`select from users where name = 'late'`).toHaveLength(0)
})

describe('a peer that is silent', () => {
  /** A WebSocket by hand, over TCP: what it does not do, nobody does for it. */
  async function silent(url = server.url): Promise<TcpSocket> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(
      [
        'GET /graphql HTTP/1.1',
        'Host: x',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol: graphql-transport-ws',
        '\r\n',
      ].join('\r\n'),
    )
    await once(socket, 'data')
    socket.write(frame({ type: 'connection_init', payload: credentials() }))
    await once(socket, 'data')
    return socket
  }

  /** A masked text frame: RFC 6455, section 5.2. */
  function frame(message: object): Buffer {
    const text = Buffer.from(JSON.stringify(message))
    const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0])
    return Buffer.concat([head, text])
  }

  test('answers no pings: gone, and one that does stays', async () => {
    const dead = await openSocket(server.url, { autoPong: false })
    const alive = await openSocket(server.url)
    expect((await dead.closed).code).toBe(1006)
    alive.send({ type: 'ping' })
    expect(await alive.next()).toEqual({ type: 'pong' })
    alive.drop()
  })

  test('asks, and does not read: gone once two megabytes wait for it', async () => {
    const socket = await silent()
    socket.pause()
    // Without the bound it would be gone as late as a peer that answers no pings.
    const unanswering = await openSocket(server.url, { autoPong: false })
    const gone = new Promise((resolve) => socket.on('error', resolve).on('close', resolve))
    // Each answer lists 5,000 seats.
    const query = `query ($id: ID!) { performance(id: $id) { seats { number price status } } }`
    for (let i = 0; i < 200 && !socket.destroyed; i++) {
      socket.write(frame(subscribe(`${i}`, i % 2 ? query : seatSubscription, { id: date })))
      await sleep(5)
    }
    const first = await Promise.race([
      gone.then(() => 'reads nothing'),
      unanswering.closed.then(() => 'answers no pings'),
    ])
    expect(first).toBe('reads nothing')
    unanswering.drop()
  })

  test('does not hold up the stop', async () => {
    const stopping = await startServer()
    const peer = await openSocket(stopping.url)
    const deaf = (await silent(stopping.url)).pause().on('error', () => undefined)
    await stopping.stop()
    expect((await peer.closed).code).toBe(1012)
    deaf.destroy()
  })
})

test('a bug of ours outside of any operation closes the socket with 4500, and is told to us alone', async () => {
  const reported: unknown[] = []
  const fallible = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(fallible, 'listening')
  fallible.on('connection', (socket) => {
    const protocol: Server<Connection> = {
      opened: (connection) => {
        connection.onMessage(() => Promise.reject(new Error('the inside story')))
        return () => Promise.resolve()
      },
    }
    const connection = { socket, address: '', lastSeenAt: () => 0, running: new Set<string>() }
    attachConnection(connection, protocol, {
      messagesPerMinute: 10,
      memory: createMemoryBudget(1_024),
      onBug: (error) => reported.push(error),
    })
  })
  const { port } = fallible.address() as AddressInfo
  const socket = await openSocket(`http://127.0.0.1:${port}`, { protocol: null, init: null })
  socket.send({ type: 'connection_init' })
  expect(await socket.closed).toEqual({ code: 4500, reason: 'Something went wrong on our side' })
  expect(reported).toEqual([new Error('the inside story')])
  fallible.close()
})

test('connection_ack does not wait for an issuer that hangs', async () => {
  let gaveUp = false
  const hanging = createServer((request) => request.on('close', () => (gaveUp = true)))
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
  const { port } = hanging.address() as AddressInfo
  const strained = await startServer({ AUTH_SECRET: '', AUTH_JWKS_URL: `http://127.0.0.1:${port}/` })
  // The issuer is asked about tokens that look like its own.
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const accessToken = `${part({ alg: 'RS256', kid: 'a' })}.${part({ sub: user.uuid })}.AAAA`
  const socket = await openSocket(strained.url, { init: { authorization: `Bearer ${accessToken}` } })
  expect(gaveUp).toBe(false)
  socket.send(subscribe('a', '{ me { id } }'))
  expect(codeIn(await socket.next())).toBe('OVERLOADED')
  socket.drop()
  hanging.closeAllConnections()
  hanging.close()
  await strained.stop()
})
