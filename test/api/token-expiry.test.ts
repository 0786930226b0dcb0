/** Access tokens that are not valid, or expire, while a client is connected. */
import { randomUUID } from 'node:crypto'
import { createClient as createWsClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { createClient } from '../support/client.ts'
import { scrape } from '../telemetry/scrape.ts'
import { createSale } from '../support/purchase.ts'
import { secret, startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'

let server: TestServer
let concertId: string
let operator: TestUser
beforeAll(async () => {
  server = await startServer()
  ;({ concertId, operator } = await createSale(server))
})
afterAll(() => server.stop())

const auth = createAuth({ kind: 'secret', secret })
const tokenFor = (seconds: number) => auth.issue({ userId: operator.uuid, role: 'operator' }, seconds)
const watchFigures = `subscription ($id: ID!) { concertStatsChanges(concertId: $id) { issued } }`
const payload = () => ({ query: watchFigures, variables: { id: concertId } })
const subscriptions = async () => (await scrape(server.url)).value('stagedoor_subscriptions')

test.each<[string, () => Promise<string> | string]>([
  ['garbage', () => 'Bearer garbage'],
  ['of another scheme', () => 'Basic dXNlcjpwYXNz'],
  [
    'of another secret',
    async () =>
      `Bearer ${await createAuth({ kind: 'secret', secret: `not ${secret}` }).issue({ userId: randomUUID(), role: 'buyer' }, 60)}`,
  ],
  ['expired', async () => `Bearer ${await tokenFor(-1)}`],
])('a connection_init whose access token is %s is rejected with 4403', async (_, make) => {
  const socket = await openSocket(server.url, { init: null })
  socket.send({ type: 'connection_init', payload: { authorization: await make() } })
  const { code, reason } = await socket.closed
  expect([code, reason]).toEqual([4403, expect.stringMatching(/^The (access token|Authorization header) /)])
})

test('a socket is closed with 4403 when its access token expires, and its subscriptions end', async () => {
  const socket = await openSocket(server.url, { init: { authorization: `Bearer ${await tokenFor(2)}` } })
  socket.send({ type: 'subscribe', id: 'a', payload: payload() })
  expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { concertStatsChanges: {} } } })
  const { code, reason } = await socket.closed
  expect([code, reason]).toEqual([4403, 'The access token has expired.'])
  await expect.poll(subscriptions).toBe(0)
})

test('a graphql-ws client with its default settings goes on with the token it has then', async () => {
  const tokens = [await tokenFor(2), await tokenFor(3_600)]
  const client = createWsClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${tokens.shift()}` }),
  })
  const closed: number[] = []
  client.on('closed', (event) => closed.push((event as { code: number }).code))
  const messages = client.iterate(payload())
  for (let count = 0; count < 2; count++) {
    const message = await messages.next()
    expect(message.value).toMatchObject({ data: { concertStatsChanges: { issued: 0 } } })
  }
  expect(closed).toEqual([4403])
  expect(tokens).toEqual([])
  await messages.return?.()
  await client.dispose()
})

test('a subscription with a token of its own ends with UNAUTHENTICATED, and the socket goes on', async () => {
  const socket = await openSocket(server.url)
  const headers = { authorization: `Bearer ${await tokenFor(2)}` }
  socket.send({ type: 'subscribe', id: 'a', payload: { ...payload(), extensions: { headers } } })
  expect(await socket.next()).toMatchObject({ id: 'a', payload: { data: { concertStatsChanges: {} } } })
  expect(await socket.next()).toMatchObject({
    type: 'next',
    payload: {
      errors: [{ message: 'The access token has expired.', extensions: { code: 'UNAUTHENTICATED' } }],
    },
  })
  expect(await socket.next()).toEqual({ type: 'complete', id: 'a' })
  socket.send({ type: 'subscribe', id: 'b', payload: { query: '{ me { id } }', extensions: { headers } } })
  expect(JSON.stringify(await socket.next())).toContain('UNAUTHENTICATED')
  socket.drop()
  await expect.poll(subscriptions).toBe(0)
})

test('an event stream ends with UNAUTHENTICATED when its access token expires', async () => {
  const client = createClient(server.url, { accessToken: await tokenFor(2) })
  const stream = client.subscribe('sse', watchFigures, { id: concertId })
  expect(await stream.next()).toEqual({ concertStatsChanges: { issued: 0 } })
  await expect(stream.next()).rejects.toThrow('UNAUTHENTICATED')
  expect(await stream.next()).toBeNull()
  await expect.poll(subscriptions).toBe(0)
  expect(await client.send('{ me { id } }')).toMatchObject({
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  })
})
