/** Stopping a server behind a load balancer: src/shutdown.ts. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createDatabase } from '../support/database.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { createSale, join, statusFields, type Status } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

interface Answered {
  status: number | undefined
  connection: string | undefined
}

/** Asks over a connection of its own. */
const ask = (url: string, path: string): Promise<Answered> =>
  new Promise((resolve, reject) => {
    request(new URL(path, url), { agent: false }, (response) => {
      response.resume()
      resolve({ status: response.statusCode, connection: response.headers.connection })
    })
      .on('error', reject)
      .end()
  })
const refuses = (url: string): Promise<boolean> =>
  ask(url, '/live').then(
    () => false,
    () => true,
  )

test('while a server drains it is not ready and serves everything; a second signal ends the drain', async () => {
  const server: ServerProcess = await cluster.start({ DRAIN_SECONDS: '3600' })
  const { concertId } = await createSale(cluster, { capacity: 0 })
  const user = await cluster.user()
  const { token } = await join(user, concertId)
  const before = await openSocket(server.url)
  expect((await ask(server.url, '/ready')).status).toBe(200)

  const ended = server.stop()
  await expect.poll(async () => (await ask(server.url, '/ready')).status).toBe(503)
  expect(await ask(server.url, '/live')).toEqual({ status: 200, connection: 'close' })
  expect(await ask(server.url, '/graphql?query={__typename}')).toMatchObject({ status: 200 })
  const there = { ...user, ...cluster.clientOf(server, user) }
  expect((await join(there, concertId)).token).toBe(token)
  const stream = there.subscribe<{ queueTicketChanges: { status: Status } }>(
    'ws',
    `subscription { queueTicketChanges { status { ${statusFields} } } }`,
    {},
    { queueToken: token },
  )
  expect((await stream.next())?.queueTicketChanges.status).toMatchObject({ position: 1 })

  const endedAgain = server.stop()
  expect(await before.closed).toMatchObject({ code: 1012 })
  expect(await Promise.all([ended, endedAgain])).toEqual([0, 0])
}, 60_000)

/** A connection that is under way with a request, of which `head` has been sent. */
async function begin(server: TestServer, head: string): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (data: Buffer) => (text += data.toString()))
  await once(socket, 'connect')
  socket.write(head)
  return { socket, text: () => text }
}

test('a WebSocket handshake during the stop is answered with 503, and the stop ends', async () => {
  const server = await startServer()
  onTestFinished(() => server.database.drop())
  // What a load balancer does over a connection that it has: a request, and then somebody's handshake.
  const { socket, text } = await begin(server, 'GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(text).toContain('200 OK')
  socket.write('GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n')
  const closed = once(socket, 'close')
  const stopped = server.app.stop()
  await expect.poll(() => refuses(server.url), { interval: 5 }).toBe(true)
  socket.write(
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  )
  await closed
  expect(text()).toMatch(/HTTP\/1\.1 503 .*\r\nretry-after: 1\r\n/is)
  await stopped
})

test('a server that is stopped while it starts has stopped', async () => {
  const template = await startServer()
  onTestFinished(() => template.stop())
  const app = createApp(template.config)
  const starting = app.start()
  await app.stop()
  expect(await refuses(`http://127.0.0.1:${await starting}`)).toBe(true)
})

test.each(['cut', 'blackhole'] as const)(
  'a stop while both stores are away (%s) ends with 0',
  async (how) => {
    const database = await createDatabase()
    const ways = {
      postgres: await createTcpProxy(database.url),
      redis: await createTcpProxy(inject('redisUrl')),
    }
    onTestFinished(async () => {
      ways.postgres.close()
      ways.redis.close()
      await database.drop()
    })
    const server = await cluster.start({
      DATABASE_URL: ways.postgres.url,
      REDIS_URL: ways.redis.url,
      LOG_LEVEL: 'info',
    })
    await expect.poll(async () => (await ask(server.url, '/health')).status).toBe(200)
    ways.postgres[how]()
    ways.redis[how]()
    const pending = fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{concerts(first:1){edges{node{id}}}}"}',
    })
    expect(await server.stop()).toBe(0)
    expect((await pending).status).toBe(200)
  },
)
