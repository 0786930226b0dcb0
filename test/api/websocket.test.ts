/** The graphql-transport-ws protocol, by hand: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSale, join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { statusSubscription } from '../support/operations.ts'

let server: TestServer
let user: TestUser
let token: string
beforeAll(async () => {
  server = await startServer()
  const { concertId } = await createSale(server, { capacity: 0 })
  user = await server.user()
  token = (await join(user, concertId)).token
})
afterAll(() => server.stop())

const subscribe = (id: string, query: string, more: object = {}) => ({
  type: 'subscribe',
  id,
  payload: { query, ...more },
})
const credentials = () => ({ authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token })

describe('a socket is closed', () => {
  test('with 4406 without the subprotocol', async () => {
    const socket = await openSocket(server.url, { protocol: null, init: null })
    expect((await socket.closed).code).toBe(4406)
  })

  test('with 4408 when connection_init does not come', async () => {
    const socket = await openSocket(server.url, { init: null })
    expect((await socket.closed).code).toBe(4408)
  })

  test.each<[number, string, object | string]>([
    [4429, 'for a second connection_init', { type: 'connection_init' }],
    [4400, 'for what is not JSON', 'hello'],
    [4400, 'for a message of no known type', { type: 'start', id: 'a', payload: { query: '{ me { id } }' } }],
    [4400, 'for a subscribe without a query', { type: 'subscribe', id: 'a', payload: {} }],
    [4400, 'for a query that is no text', { type: 'subscribe', id: 'a', payload: { query: 5 } }],
    [4400, 'for a subscribe without an id', { type: 'subscribe', payload: { query: '{ me { id } }' } }],
    [1009, 'for a message of more than 64 KiB', 'x'.repeat(65_537)],
    [1009, 'for a message of a megabyte', 'x'.repeat(1_000_000)],
  ])('with %d %s', async (code, _, message) => {
    const socket = await openSocket(server.url)
    socket.send(message)
    const { code: closedWith, reason } = await socket.closed
    expect(closedWith).toBe(code)
    expect(reason).not.toMatch(/\bat |\.js|Error:/)
  })

  test('with 4401 for an operation before connection_ack', async () => {
    const socket = await openSocket(server.url, { init: null })
    socket.send(subscribe('a', '{ concerts { edges { cursor } } }'))
    expect((await socket.closed).code).toBe(4401)
  })

  test('with 4409 for an id that is in use', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    socket.send(subscribe('a', statusSubscription))
    expect(await socket.next()).toMatchObject({ type: 'next', id: 'a' })
    socket.send(subscribe('a', statusSubscription))
    expect((await socket.closed).code).toBe(4409)
  })
})

test('an operation whose id closes the socket is not executed', async () => {
  const signUp = (name: string) => `mutation { signUp(input: { name: "${name}" }) { accessToken } }`
  for (const [id, code] of [
    ['a'.repeat(200), 4400],
    ['a', 4409],
  ] as const) {
    const socket = await openSocket(server.url, { init: credentials() })
    socket.send(subscribe('a', statusSubscription))
    await socket.next()
    socket.send(subscribe(id, signUp('Nobody')))
    expect((await socket.closed).code).toBe(code)
  }
  // Whoever signs up after them is there.
  await user.request(signUp('Somebody'))
  const names = await server.database.sql`select name from users`
  expect(names.map(({ name }) => String(name))).toEqual(['Somebody'])
})

describe('a socket goes on', () => {
  test('after operations that fail, in whatever way', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    const failing: [query: string, type: string, more?: object][] = [
      ['{ me {', 'error'],
      ['subscription {', 'error'],
      ['{ mee }', 'error'],
      [`{ ${'me { id } '.repeat(800)} }`, 'error'],
      ['query A { me { id } } query B { me { id } }', 'error'],
      ['query A { me { id } }', 'error', { operationName: 'B' }],
      [
        'query ($first: Int) { concerts(first: $first) { edges { cursor } } }',
        'next',
        { variables: { first: 'x' } },
      ],
      ['subscription ($id: ID!) { seatChanges(performanceId: $id) { snapshot } }', 'next'],
      ['subscription { queueTicketChanges(token: "forged") { __typename } }', 'next'],
      ['{ concert(id: "x") { id } }', 'next'],
    ]
    for (const [index, [query, type, more]] of failing.entries()) {
      const id = `failing ${index}`
      socket.send(subscribe(id, query, more))
      const message = await socket.next()
      expect([query, message.type, message.id]).toEqual([query, type, id])
      const { payload } = message as { payload: object[] | { errors: object[] } }
      for (const error of 'errors' in payload ? payload.errors : payload) {
        const { extensions } = error as { extensions: { code: string } }
        expect(Object.keys(extensions)).toEqual(['code'])
        expect(['BAD_INPUT', 'QUEUE_TICKET_INVALID']).toContain(extensions.code)
      }
      if (type === 'next') expect(await socket.next()).toEqual({ type: 'complete', id })
    }
    socket.send(subscribe('good', '{ me { id } }'))
    expect(await socket.next()).toEqual({
      type: 'next',
      id: 'good',
      payload: { data: { me: { id: user.id } } },
    })
    socket.drop()
  })

  test('with several streams, each of which can be ended', async () => {
    const socket = await openSocket(server.url, { init: credentials() })
    for (const id of ['a', 'b']) {
      socket.send(subscribe(id, statusSubscription))
      expect(await socket.next()).toMatchObject({ type: 'next', id })
    }
    socket.send({ type: 'complete', id: 'a' })
    socket.send(subscribe('c', '{ me { id } }'))
    expect(await socket.next()).toMatchObject({ type: 'next', id: 'c', payload: { data: { me: {} } } })
    socket.send({ type: 'ping' })
    expect(await socket.next()).toEqual({ type: 'complete', id: 'c' })
    expect(await socket.next()).toEqual({ type: 'pong' })
    socket.drop()
  })
})

describe('credentials in connection_init', () => {
  test.each([
    ['authorization', 'x-queue-token'],
    ['Authorization', 'X-Queue-Token'],
    ['AUTHORIZATION', 'X-QUEUE-TOKEN'],
  ])('count as %s and %s', async (authorization, queueToken) => {
    const init = { [authorization]: `Bearer ${user.accessToken}`, [queueToken]: token }
    const socket = await openSocket(server.url, { init })
    socket.send(subscribe('a', '{ me { id } queueTicket { token } }'))
    expect((await socket.next()).payload).toEqual({
      data: { me: { id: user.id }, queueTicket: { token } },
    })
    socket.drop()
  })

  test('that are no text are none', async () => {
    for (const init of [{ authorization: 5, 'x-queue-token': { a: 1 } }, {}]) {
      const socket = await openSocket(server.url, { init })
      socket.send(subscribe('a', '{ me { id } }'))
      expect(JSON.stringify(await socket.next())).toContain('UNAUTHENTICATED')
      socket.drop()
    }
  })
})
