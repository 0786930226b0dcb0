/** HTTP below GraphQL: bodies, methods, batches; and the audits of GraphQL over HTTP. */
import { request as rawRequest } from 'node:http'
import { connect } from 'node:net'
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectValidErrors } from '../support/expect-error.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const json = { 'content-type': 'application/json' }
const post = (body: BodyInit, headers: Record<string, string> = json) =>
  fetch(server.url, { method: 'POST', headers, body })

async function expectRefusal(response: Response, status: number): Promise<void> {
  expect(response.status).toBe(status)
  const answer = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] }
  expect(answer.errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_INPUT'])
  expectValidErrors(answer)
}

describe('a body', () => {
  const ofLength = (bytes: number) => {
    const query = '{ __typename } #'
    return JSON.stringify({ query: query.padEnd(bytes - JSON.stringify({ query: '' }).length, '#') })
  }

  test('of 64 KiB is fine', async () => {
    expect(ofLength(65_536)).toHaveLength(65_536)
    expect(await (await post(ofLength(65_536))).json()).toEqual({ data: { __typename: 'Query' } })
  })

  test.each([65_537, 1_000_000])('of %d bytes is too long', async (bytes) => {
    await expectRefusal(await post(ofLength(bytes)), 413)
  })

  test('that says it is short, and is not, is not read on', async () => {
    const answer = await new Promise<string>((resolve) => {
      const request = rawRequest(server.url, { method: 'POST', headers: { ...json, 'content-length': '16' } })
      request.on('response', (response) => {
        response.setEncoding('utf8').on('data', resolve)
      })
      request.on('error', (error) => resolve(error.message))
      request.end('{"query":"{a}"  '.slice(0, 16))
    })
    expect(answer).not.toContain('"data"')
  })

  const inChunks = (...chunks: string[]) =>
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    })
  const postChunks = (address: string, ...chunks: string[]) =>
    fetch(address, {
      method: 'POST',
      headers: json,
      body: inChunks(...chunks),
      duplex: 'half',
    } as RequestInit)

  // Java's HttpClient and .NET's send bodies like this. Only the bare address takes the fast path.
  test.each(['', '?'])('in chunks of unknown length is read at /graphql%s', async (search) => {
    const text = ofLength(65_536)
    const parts = [text.slice(0, 5), text.slice(5, 40_000), text.slice(40_000)]
    expect(await (await postChunks(server.url + search, ...parts)).json()).toEqual({
      data: { __typename: 'Query' },
    })
    expect((await (await postChunks(server.url + search)).json()) as object).toMatchObject({
      errors: [{ extensions: { code: 'BAD_INPUT' } }],
    })
  })

  test.each(['', '?'])('in chunks is bounded while it arrives, at /graphql%s', async (search) => {
    await expectRefusal(await postChunks(server.url + search, ofLength(65_536), ' '), 413)
    // One that never ends, written as fast as the server takes it.
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
    socket.write(
      `POST /graphql${search} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const chunk = `1000\r\n${' '.repeat(4_096)}\r\n`
    let sent = 0
    const send = (): void => {
      while (!socket.destroyed && socket.write(chunk)) sent += 4_096
    }
    socket.on('drain', send)
    send()
    let answer = ''
    socket.on('data', (data: Buffer) => (answer += data.toString()))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  test.each(['{', '"text"', '12', 'null', ''])('that reads %o is bad input', async (body) => {
    const answer = (await (await post(body)).json()) as { errors: { extensions: { code: string } }[] }
    expect(answer.errors[0]?.extensions).toEqual({ code: 'BAD_INPUT' })
  })

  test('with several operations in an array is refused', async () => {
    await expectRefusal(
      await post(JSON.stringify([{ query: '{ me { id } }' }, { query: '{ me { id } }' }])),
      400,
    )
  })

  test('of another type is refused', async () => {
    expect((await post('{ me { id } }', { 'content-type': 'text/plain' })).status).toBe(415)
    const form = new FormData()
    form.set(
      'operations',
      JSON.stringify({ query: 'mutation { signUp(input: { name: "x" }) { accessToken } }' }),
    )
    const boundary = await new Response(form).text()
    const type = `multipart/form-data; boundary=${boundary.slice(2, boundary.indexOf('\r'))}`
    expect((await post(boundary, { 'content-type': type })).status).toBe(415)
  })
})

test('a mutation does not come by GET, nor anything by PUT', async () => {
  const mutation = encodeURIComponent('mutation { signUp(input: { name: "x" }) { accessToken } }')
  await expectRefusal(await fetch(`${server.url}?query=${mutation}`), 405)
  await expectRefusal(await fetch(server.url, { method: 'PUT', headers: json, body: '{}' }), 405)
  const query = await fetch(`${server.url}?query=${encodeURIComponent('{ __typename }')}`)
  expect(await query.json()).toEqual({ data: { __typename: 'Query' } })
  expect(await server.database.sql`select from users`).toHaveLength(0)
})

// Only the bare address takes the fast path.
test.each(['', '?'])('a page of another origin may send tracing headers, at /graphql%s', async (search) => {
  const origin = 'https://tickets.example'
  const preflight = await fetch(server.url + search, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-queue-token',
    },
  })
  expect(preflight.ok).toBe(true)
  const answer = await fetch(server.url + search, {
    method: 'POST',
    headers: { ...json, origin },
    body: JSON.stringify({ query: '{ me { id } }' }),
  })
  for (const { headers } of [preflight, answer]) {
    const listed = (name: string) => (headers.get(name) ?? '').toLowerCase().split(/, ?/)
    expect(headers.get('access-control-allow-origin')).toBe(origin)
    expect(headers.get('access-control-allow-credentials')).not.toBe('true')
    expect(listed('access-control-allow-headers')).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'x-queue-token',
        'x-request-id',
        'traceparent',
        'tracestate',
        'baggage',
        'sentry-trace',
        'apollographql-client-name',
        'apollographql-client-version',
      ]),
    )
    expect(listed('access-control-expose-headers')).toEqual(['x-request-id', 'retry-after'])
    expect(headers.get('access-control-max-age')).toBe('7200')
  }
})

test.each([
  ['members that it does not know', { colour: 'red', id: null }],
  ['extensions that it does not know', { extensions: { clientLibrary: { name: 'x' }, tracing: true } }],
])('%s are ignored', async (_, more) => {
  for (const search of ['', '?'])
    for (const accept of ['*/*', 'application/graphql-response+json']) {
      const response = await fetch(server.url + search, {
        method: 'POST',
        headers: { ...json, accept },
        body: JSON.stringify({ query: '{ __typename }', ...more }),
      })
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } })
    }
})

test('an upgrade to HTTP/2 is ignored, as Java’s HttpClient asks for it', async () => {
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined)
  const body = '{"query":"{ __typename }"}'
  const lines = [
    'POST /graphql HTTP/1.1',
    'Connection: Upgrade, HTTP2-Settings',
    `Content-Length: ${body.length}`,
    'Host: localhost',
    'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    'Upgrade: h2c',
    'Content-Type: application/json',
    '\r\n',
  ]
  let text = ''
  socket.on('data', (data: Buffer) => (text += data.toString()))
  const answers = () => text.match(/HTTP\/1\.1 200 [^]*?\{"data":\{"__typename":"Query"\}\}/g)?.length
  for (const count of [1, 2]) {
    socket.write(lines.join('\r\n') + body)
    await expect.poll(answers).toBe(count)
  }
  socket.destroy()
})

describe('GraphQL over HTTP, audited', () => {
  const audits = serverAudits({ url: () => server.url })
  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok')
  })
})
