import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type Client, type ClientOptions } from '../../client/client.ts'
import { iterate } from '../../client/iterate.ts'
import { nodeWebSocket } from '../../client/node.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createSale, join, type Sale } from '../support/purchase.ts'

let server: TestServer
let sale: Sale
beforeAll(async () => {
  server = await startServer()
  sale = await createSale(server)
})
afterAll(() => server.stop())

const open: Client[] = []
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())))

function clientOf(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: server.url,
    webSocketImpl: nodeWebSocket(),
    sleep: () => Promise.resolve(),
    ...options,
  })
  open.push(client)
  return client
}

/** A server that answers with these bodies, one after the other, and then with the last. */
async function scripted(
  answers: { status?: number; body: string }[],
): Promise<{ url: string; server: Server }> {
  const scriptedServer = createServer((_, response) => {
    const { status = 200, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { body: '' }
    response.writeHead(status).end(body)
  }).listen(0, '127.0.0.1')
  await once(scriptedServer, 'listening')
  const { port } = scriptedServer.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/graphql`, server: scriptedServer }
}

const errorBody = (code: string, more: object = {}): string =>
  JSON.stringify({ errors: [{ message: code, extensions: { code, ...more } }] })

test('an operation shows the credentials of the client, unless it brings its own', async () => {
  const [one, other] = [await server.user(), await server.user()]
  const client = clientOf({ credentials: { accessToken: one.accessToken } })
  expect((await client.request<{ me: { id: string } }>('{ me { id } }', {})).me.id).toBe(one.id)
  const { data } = await client.send<{ me: { id: string } }>(
    '{ me { id } }',
    {},
    { accessToken: other.accessToken },
  )
  expect(data?.me.id).toBe(other.id)
})

describe('a request', () => {
  test('is sent again while the server is busy or a proxy answers for it', async () => {
    const { url, server: busy } = await scripted([
      { status: 503, body: errorBody('OVERLOADED', { retryAfterSeconds: 1 }) },
      { status: 502, body: '<html>Bad gateway</html>' },
      { body: '{"data":{"ok":true}}' },
    ])
    const retried: string[] = []
    const client = clientOf({ url, onRetry: (code) => retried.push(code) })
    expect(await client.request('{ ok }', {})).toEqual({ ok: true })
    expect(retried).toEqual(['OVERLOADED', 'NETWORK HTTP_502'])
    busy.close()
  })

  test('waits 300 ms at most before its second attempt, and twice as long each time', async () => {
    const { url, server: away } = await scripted([
      { status: 502, body: '' },
      { status: 502, body: '' },
      { body: '{"data":{"ok":true}}' },
    ])
    const waits: number[] = []
    const sleep = (ms: number): Promise<void> => {
      waits.push(ms)
      return Promise.resolve()
    }
    await clientOf({ url, sleep, random: () => 1 }).request('{ ok }', {})
    expect(waits).toEqual([300, 600])
    away.close()
  })

  test('fails at once with an error that sending again would not mend', async () => {
    const retried: string[] = []
    const client = clientOf({ onRetry: (code) => retried.push(code) })
    await expect(client.request('{ nothing }', {})).rejects.toMatchObject({ code: 'BAD_INPUT' })
    expect(retried).toEqual([])
  })

  test('fails after so many attempts', async () => {
    const retried: string[] = []
    const client = clientOf({
      url: 'http://127.0.0.1:9/graphql',
      attemptsMax: 3,
      onRetry: (code) => retried.push(code),
    })
    await expect(client.request('{ ok }', {})).rejects.toMatchObject({
      code: expect.stringMatching(/^NETWORK /) as string,
    })
    expect(retried).toHaveLength(2)
  })

  test('is sent once where retries are turned off', async () => {
    const { url, server: busy } = await scripted([
      { body: errorBody('RATE_LIMITED') },
      { body: '{"data":{"ok":true}}' },
    ])
    await expect(clientOf({ url, retry: false }).request('{ ok }', {})).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    })
    busy.close()
  })
})

describe.each(['websocket', 'sse'] as const)('a subscription over %s', (transport) => {
  const SEATS = `subscription ($id: ID!, $token: String) {
    seatChanges(performanceId: $id, token: $token) { snapshot }
  }`
  const variables = () => ({ id: sale.performanceIds[0] })

  test('delivers what the server sends', async () => {
    const user = await server.user()
    const { token } = await join(user, sale.concertId)
    const client = clientOf({ transport, credentials: { accessToken: user.accessToken } })
    const values = iterate<{ seatChanges: { snapshot: boolean } }>((handlers) =>
      client.subscribe(SEATS, variables(), handlers, { queueToken: token }),
    )
    expect(await values.next()).toEqual({ seatChanges: { snapshot: true } })
    values.stop()
    expect(await values.next()).toBe(null)
  })

  test('fails with the code of the server when subscribing again would not help', async () => {
    const client = clientOf({ transport })
    const values = iterate((handlers) => client.subscribe(SEATS, variables(), handlers))
    await expect(values.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('fails where nothing listens and retries are turned off', async () => {
    const client = clientOf({ transport, url: 'http://127.0.0.1:9/graphql', retry: false })
    const values = iterate((handlers) => client.subscribe(SEATS, variables(), handlers))
    await expect(values.next()).rejects.toMatchObject({ code: expect.stringMatching(/^NETWORK /) as string })
  })
})

test('server-sent events take over where WebSockets are refused', async () => {
  const user = await server.user()
  const { token } = await join(user, sale.concertId)
  class Refused extends nodeWebSocket() {
    constructor(_url: string, protocols: string[]) {
      super('ws://127.0.0.1:9/graphql', protocols)
    }
  }
  const client = clientOf({ webSocketImpl: Refused, credentials: { accessToken: user.accessToken } })
  const values = iterate<{ seatChanges: { snapshot: boolean } }>((handlers) =>
    client.subscribe(
      'subscription ($id: ID!) { seatChanges(performanceId: $id) { snapshot } }',
      { id: sale.performanceIds[0] },
      handlers,
      { queueToken: token },
    ),
  )
  expect(await values.next()).toEqual({ seatChanges: { snapshot: true } })
  expect(client.usesServerSentEvents()).toBe(true)
  values.stop()
})
