/** An operation name that the document does not have is refused over every transport, however often it is sent. */
import { createClient as createWsClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const query = 'query Concerts { concerts { edges { cursor } } }'
interface Request {
  query: string
  operationName: string
}

async function post(request: Request, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  })
  return response.text()
}

const transports: Record<string, (request: Request) => Promise<unknown>> = {
  post: async (request): Promise<unknown> => JSON.parse(await post(request)),
  get: async (request): Promise<unknown> =>
    (await fetch(`${server.url}?${new URLSearchParams({ ...request })}`)).json(),
  sse: async (request) => {
    const events = await post(request, { accept: 'text/event-stream' })
    return JSON.parse(/^data: (.+)$/m.exec(events)?.[1] ?? 'null') as unknown
  },
  ws: async (request) => {
    const client = createWsClient({
      url: server.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    })
    const errors = await new Promise((resolve) => {
      client.subscribe(request, { next: resolve, error: resolve, complete: () => resolve('completed') })
    })
    await client.dispose()
    return { errors }
  },
}

test.each(Object.entries(transports))('over %s', async (_, send) => {
  // The server compiles it meanwhile.
  for (let use = 0; use < 4; use++) await post({ query, operationName: 'Concerts' })
  for (let use = 0; use < 2; use++) {
    expect(await send({ query, operationName: 'Others' })).toEqual({
      errors: [
        {
          message: 'Could not determine what operation to execute.',
          extensions: { code: 'BAD_INPUT' },
        },
      ],
    })
  }
})
