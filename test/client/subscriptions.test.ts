/** Subscriptions of the client whose server fails, and that are closed. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { createClient, type Client, type ClientOptions } from '../../client/client.ts'
import { iterate, type Values } from '../../client/iterate.ts'
import { nodeWebSocket } from '../../client/node.ts'
import { secret, startServer } from '../support/server.ts'
import { createSale } from '../support/purchase.ts'

const atEnd: (() => unknown)[] = []
afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end()
})

function clientOf(options: Partial<ClientOptions> & { url: string }): Client {
  const client = createClient({
    webSocketImpl: nodeWebSocket(),
    sleep: () => Promise.resolve(),
    ...options,
  })
  atEnd.push(() => client.close())
  return client
}

interface Data {
  value: string
}
const subscribe = (client: Client): Values<Data> =>
  iterate<Data>((handlers) => client.subscribe('subscription { value }', {}, handlers))

const data = (value: string) => ({ data: { value } })
const busy = { errors: [{ message: 'busy', extensions: { code: 'RATE_LIMITED' } }] }

/**
 * A server of both transports that never ends a stream by itself.
 * @param results what the first stream sends, what the second sends, and so on; the last is for all that follow
 */
async function startStreams(...results: object[][]) {
  let begun = 0
  /** Of streams, from 0, in the order in which the client has ended them. */
  const ended: number[] = []
  const begin = (send: (result: object) => void): (() => void) => {
    const index = begun++
    for (const result of results[index] ?? results.at(-1) ?? []) send(result)
    return () => {
      if (!ended.includes(index)) ended.push(index)
    }
  }
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const end = begin((result) => response.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`))
    response.on('close', end)
  }).listen(0, '127.0.0.1')
  new WebSocketServer({ server }).on('connection', (socket) => {
    const ends = new Map<string, () => void>()
    socket.on('message', (message) => {
      const { type, id = '' } = JSON.parse((message as Buffer).toString()) as { type: string; id?: string }
      const send = (reply: object): void => socket.send(JSON.stringify(reply))
      if (type === 'connection_init') send({ type: 'connection_ack' })
      if (type === 'complete') ends.get(id)?.()
      if (type !== 'subscribe') return
      ends.set(
        id,
        begin((payload) => send({ type: 'next', id, payload })),
      )
    })
    socket.on('close', () => ends.forEach((end) => end()))
  })
  await once(server, 'listening')
  atEnd.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/graphql`, begun: () => begun, ended }
}

/** A sleep that lasts until `wake`. */
function createSleep() {
  let began: (signal: AbortSignal | undefined) => void
  let wake = (): void => undefined
  /** Resolves when it has begun. */
  const asleep = new Promise<AbortSignal | undefined>((resolve) => (began = resolve))
  const sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
      began(signal)
    })
  return { sleep, asleep, wake: () => wake() }
}

describe.each(['websocket', 'sse'] as const)('over %s', (transport) => {
  test('a stream that has failed is ended, and what it still sends is ignored', async () => {
    const { url, ended } = await startStreams([busy, data('stale')], [data('fresh')])
    const values = subscribe(clientOf({ url, transport }))
    expect(await values.next()).toEqual({ value: 'fresh' })
    await expect.poll(() => ended).toEqual([0])
  })

  test('close ends every subscription', async () => {
    const { url, ended } = await startStreams([data('first')])
    const client = clientOf({ url, transport })
    const both = [subscribe(client), subscribe(client)]
    for (const values of both) expect(await values.next()).toEqual({ value: 'first' })
    await client.close()
    for (const values of both) expect(await values.next()).toBe(null)
    await expect.poll(() => ended.toSorted()).toEqual([0, 1])
  })

  test('a subscription that waits to begin again does not, once the client is closed', async () => {
    const { url, begun } = await startStreams([busy], [data('next')])
    const { sleep, asleep, wake } = createSleep()
    const client = clientOf({ url, transport, sleep })
    const values = subscribe(client)
    const signal = await asleep
    await client.close()
    wake()
    expect(await values.next()).toBe(null)
    // Whatever the first client would send arrives before this.
    expect(await subscribe(clientOf({ url, transport })).next()).toEqual({ value: 'next' })
    expect(begun()).toBe(2)
    expect(signal?.aborted).toBe(true)
  })
})

test('close does not wait for a socket that is being opened, and drops it', async () => {
  const silent = createTcpServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  atEnd.push(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const accepted = once(silent, 'connection') as Promise<[Socket]>
  const client = clientOf({ url: `http://127.0.0.1:${port}/graphql`, transport: 'websocket' })
  const values = subscribe(client)
  const [socket] = await accepted
  const dropped = new Promise<void>((resolve) => socket.on('close', resolve).on('error', () => undefined))
  socket.resume()
  await client.close()
  expect(await values.next()).toBe(null)
  await dropped
})

test('close does not wait for the next attempt to open a socket', async () => {
  const { sleep, asleep, wake } = createSleep()
  const client = clientOf({ url: 'http://127.0.0.1:9/graphql', transport: 'websocket', sleep })
  const values = subscribe(client)
  const signal = await asleep
  const closed = client.close()
  expect(signal?.aborted).toBe(true)
  wake()
  await closed
  expect(await values.next()).toBe(null)
})

test('a subscription fails with UNAUTHENTICATED when the access token of connection_init expires', async () => {
  const server = await startServer()
  atEnd.push(() => server.stop())
  const { concertId, operator } = await createSale(server)
  const auth = createAuth({ kind: 'secret', secret })
  const accessToken = await auth.issue({ userId: operator.uuid, role: 'operator' }, 2)
  const retried: string[] = []
  const client = clientOf({
    url: server.url,
    transport: 'websocket',
    credentials: { accessToken },
    onRetry: (code) => retried.push(code),
  })
  const values = iterate((handlers) =>
    client.subscribe(
      'subscription ($id: ID!) { concertStatsChanges(concertId: $id) { issued } }',
      { id: concertId },
      handlers,
    ),
  )
  await expect(values.until(() => false)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: 'The access token has expired.',
  })
  expect(retried).toEqual([])
})
