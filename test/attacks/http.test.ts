/** HTTP as no client of ours speaks it: from other people's pages, by hand, and very slowly. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRouter } from '../../src/http/router.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attack, expectNoInternals, transports } from './transports.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const users = () => server.database.sql`select from users`
const signUp = 'mutation { signUp(input: { name: "x" }) { accessToken } }'

describe('another page’s form', () => {
  const json = JSON.stringify({ query: signUp })
  const form = new URLSearchParams({ query: signUp }).toString()
  const multipart = `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${json}\r\n--x--\r\n`

  test.each<[type: string | undefined, body: string]>([
    ['application/x-www-form-urlencoded', form],
    ['application/x-www-form-urlencoded; charset=utf-8', form],
    ['application/x-www-form-urlencoded', json],
    ['multipart/form-data; boundary=x', multipart],
    ['text/plain', json],
    ['text/plain; application/json', json],
    ['text/plain, application/json', json],
    ['application/jsonx', json],
    [undefined, json],
  ])('as %s is refused with 415, and does nothing', async (type, body) => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { origin: 'https://evil.example', ...(type === undefined ? {} : { 'content-type': type }) },
      // A string would say itself what it is.
      body: new TextEncoder().encode(body),
    })
    expect(response.status).toBe(415)
    expect(await response.text()).toContain('"code":"BAD_INPUT"')
    expect(await users()).toHaveLength(0)
  })

  test.each([
    ['GET', `?query=${encodeURIComponent(signUp)}`],
    [
      'GET',
      `?query=${encodeURIComponent(`query A { a } ${signUp.replace('mutation', 'mutation B')}`)}&operationName=B`,
    ],
    ['HEAD', `?query=${encodeURIComponent(signUp)}`],
    ['DELETE', ''],
    ['PATCH', ''],
  ])('by %s %s does nothing', async (method, search) => {
    const response = await fetch(`${server.url}${search}`, { method })
    expect([400, 405]).toContain(response.status)
    expectNoInternals(response.status, await response.text())
    expect(await users()).toHaveLength(0)
  })
})

describe.each([
  ['one origin that is allowed', 'https://one.example'],
  ['two', 'https://one.example,https://two.example'],
])('with %s', (_, ALLOWED_ORIGINS) => {
  let choosy: TestServer
  beforeAll(async () => {
    choosy = await startServer({ ALLOWED_ORIGINS })
  })
  afterAll(() => choosy.stop())

  // Only the bare address takes the fast path.
  test.each(['', '?'])('a page from elsewhere reads no answer of /graphql%s', async (search) => {
    const allowed = async (origin: string, method = 'POST') => {
      const headers = {
        origin,
        'content-type': 'application/json',
        'access-control-request-method': 'POST',
      }
      const body = method === 'POST' ? '{"query":"{__typename}"}' : null
      const response = await fetch(choosy.url + search, { method, headers, body })
      return response.headers.get('access-control-allow-origin')
    }
    for (const method of ['POST', 'OPTIONS']) {
      expect(await allowed('https://one.example', method)).toBe('https://one.example')
      // The origin of a page in a sandboxed frame is null.
      for (const origin of [
        'null',
        'https://evil.example',
        'http://one.example',
        'https://one.example.evil.example',
      ])
        expect(await allowed(origin, method)).toBeNull()
    }
  })
})

test('a mutation by GET does nothing, not even one that is known by its hash', async () => {
  const before = await users()
  const named = (name: string) => `mutation { signUp(input: { name: "${name}" }) { user { id } } }`
  const query = named('persisted')
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  const extensions = { persistedQuery: { version: 1, sha256Hash } }
  const headers = { 'content-type': 'application/json' }
  const sent = await fetch(server.url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, extensions }),
  })
  expect(await sent.json()).toMatchObject({ data: { signUp: { user: {} } } })
  for (const method of ['GET', 'HEAD']) {
    const search = new URLSearchParams({ extensions: JSON.stringify(extensions) }).toString()
    const response = await fetch(`${server.url}?${search}`, { method })
    expect(response.status).toBe(405)
    expectNoInternals(response.status, await response.text())
  }
  expect(await users()).toHaveLength(before.length + 1)
  await server.database.sql`delete from users where name = 'persisted'`
})

test('an answer is kept by nobody, and is what its type says', async () => {
  for (const path of ['/graphql?query={__typename}', '/live', '/nowhere']) {
    const { headers } = await fetch(new URL(path, server.url), { redirect: 'manual' })
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toContain('no-store')
    expect(headers.get('x-powered-by')).toBeNull()
  }
})

/** Writes bytes to the server, and reads until it hangs up. `unsent` is how many parts it did not wait for. */
function raw(...parts: string[]): Promise<{ text: string; unsent: number }> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const drip = setInterval(() => {
      const next = parts.shift()
      if (next !== undefined) socket.write(next)
    }, 50)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(drip)
      resolve({ text, unsent: parts.length })
    })
  })
}
const statusIn = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
const head = (...lines: string[]) => [...lines, 'Host: x', 'Connection: close', '\r\n'].join('\r\n')

describe('by hand', () => {
  const body = '{"query":"{__typename}"}'
  const post = 'POST /graphql HTTP/1.1'
  const json = 'Content-Type: application/json'

  const whole = [json, `Content-Length: ${body.length}`]
  const hostless: [what: string, ...lines: string[]][] = [
    ['by POST', post, 'Host: [', ...whole],
    ['by POST, and asking for a stream', post, 'Host: a b', ...whole, 'Accept: text/event-stream'],
    ['by POST, with a port that is none', post, 'Host: x:99999', ...whole],
    ['by OPTIONS', 'OPTIONS /graphql HTTP/1.1', 'Host: a b'],
    ['by GET', 'GET /graphql?query={__typename} HTTP/1.1', 'Host: a%b'],
    ['by GET, without a query', 'GET /graphql HTTP/1.1', 'Host: ['],
  ]

  test.each<[what: string, request: string, statuses: number[]]>([
    ['garbage', 'hello\r\n\r\n', [400]],
    ['a header of 20,000 characters', head('GET /live HTTP/1.1', `X: ${'x'.repeat(20_000)}`), [431]],
    ['two lengths', head(post, json, 'Content-Length: 4', 'Content-Length: 5') + body, [400]],
    [
      'a length and chunks',
      head(post, json, 'Content-Length: 4', 'Transfer-Encoding: chunked') + body,
      [400, 411],
    ],
    ['a length below zero', head(post, json, 'Content-Length: -1') + body, [400]],
    ['a NUL in a header', head('GET /live HTTP/1.1', 'X: a\0b'), [400]],
    ['a method there is not', head('STEAL /graphql HTTP/1.1'), [400]],
    // As a client of the old media type is answered: 200, with an error in it.
    ['escapes that are none', head('GET /graphql?query=%E0%A4%A HTTP/1.1'), [200]],
    ['variables that are no JSON', head('GET /graphql?query={__typename}&variables={ HTTP/1.1'), [400]],
    ['extensions that are no JSON', head('GET /graphql?query={__typename}&extensions=x HTTP/1.1'), [400]],
    ['a path with dots', head('GET /../../etc/passwd HTTP/1.1'), [404]],
    ['a path with a NUL', head('GET /%00 HTTP/1.1'), [404]],
    ['a path that is no path', head('GET //:0/[ HTTP/1.1'), [400, 404]],
    ['somebody else’s address', head('GET http://evil.example/nowhere HTTP/1.1'), [400, 404]],
    ['an address that is none', head('GET http://[ HTTP/1.1'), [400, 404]],
    ...hostless.map(([what, ...lines]): [string, string, number[]] => [
      `a Host that is none, ${what}`,
      [...lines, 'Connection: close', `\r\n${lines[0]?.startsWith('POST') ? body : ''}`].join('\r\n'),
      [400],
    ]),
    ['a Host that is none', `GET /live HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n`, [400]],
    ['an upgrade to something else', head('GET /graphql HTTP/1.1', 'Upgrade: h2c'), [200]],
    [
      'a WebSocket elsewhere',
      head('GET /elsewhere HTTP/1.1', 'Upgrade: websocket').replace('close', 'Upgrade'),
      [400],
    ],
  ])('%s', async (_, request, statuses) => {
    const { text } = await raw(request)
    expect(statuses).toContain(statusIn(text))
    expectNoInternals(statusIn(text), text)
    expect((await fetch(new URL('/live', server.url))).status).toBe(200)
  })

  test('slowly: a head has 6 seconds, and a request 12, whatever trickles in', async () => {
    const start = `${post}\r\nHost: x\r\n`
    const drip = Array.from({ length: 600 }, () => 'X: y\r\n')
    const begun = head(post, json, 'Content-Length: 60000')
    const [slowHead, deadHead, slowBody, deadBody] = await Promise.all([
      raw(start, ...drip),
      raw(start),
      raw(begun, ...Array.from({ length: 600 }, () => ' ')),
      raw(begun),
    ])
    for (const { text } of [slowHead, deadHead, slowBody, deadBody]) expect(statusIn(text)).toBe(408)
    // They had more to say: it is not the silence after it that was too long.
    for (const { unsent } of [slowHead, slowBody]) expect(unsent).toBeGreaterThan(0)
    expect((await fetch(new URL('/live', server.url))).status).toBe(200)
  })

  test('a body that is cut off is nobody’s fault', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { hostname, port } = new URL(server.url)
        const socket = connect(Number(port), hostname).on('error', () => undefined)
        socket.write(head(post, json, 'Content-Length: 60000') + body, () => socket.destroy())
        await new Promise((resolve) => socket.on('close', resolve))
      }),
    )
    expect((await fetch(new URL('/live', server.url))).status).toBe(200)
  })
})

describe('an answer that cannot be given', () => {
  const reported: unknown[] = []
  let failing: Server
  let url: string
  beforeAll(async () => {
    const handleGraphQL = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/begun') response.writeHead(200).write('{"data":')
      await Promise.reject(new RangeError('Invalid string length'))
    }
    const router = createRouter({
      endpoints: new Map(),
      pages: undefined,
      handleGraphQL,
      onBug: (error, requestId = 'made up') => {
        reported.push(error)
        return requestId
      },
    })
    failing = createHttpServer(65_000).on('request', router)
    await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
  })
  afterAll(() => failing.close())

  test('is an error with a name, as JSON, and the server goes on', async () => {
    for (const [headers, requestId] of [[{}, 'made up'] as const, [{ 'x-request-id': 'a' }, 'a'] as const]) {
      const response = await fetch(`${url}/graphql`, { headers })
      expect(response.status).toBe(500)
      expect(response.headers.get('x-request-id')).toBe(requestId)
      expect(await response.json()).toEqual({
        errors: [
          { message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL', requestId } },
        ],
      })
    }
    expect(reported.splice(0)).toHaveLength(2)
  })

  test('and that has begun is cut off', async () => {
    const response = await fetch(`${url}/begun`)
    await expect(response.text()).rejects.toThrow()
    expect(reported).toHaveLength(1)
  })
})

test('who does not read an answer is cut off after 30 seconds, and who reads late or little is not', async () => {
  // More than the system keeps for a connection, or an event stream.
  const large = Buffer.alloc(64 * 1024 * 1024, 'x')
  const streams = new Set<ServerResponse>()
  const ended = new Map<string, number>()
  const began = Date.now()
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.once('close', () => ended.set(request.url ?? '', Date.now() - began))
    if (request.url === '/late' || request.url === '/never') response.end(large)
    else streams.add(response.writeHead(200, { 'content-type': 'text/event-stream' }))
    if (request.url === '/never-stream') response.write(large)
  }
  const full = createHttpServer(65_000).on('request', answer)
  await new Promise<void>((resolve) => full.listen(0, '127.0.0.1', resolve))
  const { port } = full.address() as AddressInfo
  const ask = (path: string) => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.write(head(`GET ${path} HTTP/1.1`))
    return socket.pause()
  }
  const [late, reading] = ['/late', '/stream', '/never', '/never-stream'].map(ask)
  const events = setInterval(() => streams.forEach((stream) => stream.write(':\n\n')), 1_000)
  reading?.resume()
  setTimeout(() => late?.resume(), 15_000)

  await expect.poll(() => [...ended.keys()].sort()).toEqual(['/late', '/never', '/never-stream'])
  // It was read to its end, and not cut off.
  for (const path of ['/never', '/never-stream']) expect(ended.get(path)).toBeGreaterThan(29_000)
  expect(late?.bytesRead).toBeGreaterThan(large.length)
  expect(reading?.destroyed).toBe(false)
  clearInterval(events)
  full.closeAllConnections()
  full.close()
})

test('an address that begins with two slashes, which names another host, is no health check that always passes', async () => {
  for (const path of ['//health', '//x/health', '//x/graphql?query={__typename}']) {
    const { text } = await raw(head(`GET ${path} HTTP/1.1`))
    expect(statusIn(text)).toBe(400)
    expect(text).not.toContain('yoga')
  }
})

test('/health names no host, no database and no error message', async () => {
  const missing = new URL(server.env['DATABASE_URL'] ?? '')
  missing.pathname = '/nobody_knows'
  const lost = await startServer({ DATABASE_URL: missing.href, LOG_LEVEL: 'silent' })
  const response = await fetch(new URL('/health', lost.url))
  const postgres = { read: false, write: false, reason: 'PostgreSQL refuses the probe: see the log.' }
  expect([response.status, await response.json()]).toEqual([
    503,
    { postgres, redis: { read: true, write: true } },
  ])
  await lost.stop()
})

describe('in production', () => {
  let production: TestServer
  let open: TestServer
  beforeAll(async () => {
    production = await startServer({ NODE_ENV: 'production' })
    open = await startServer({ NODE_ENV: 'production', INTROSPECTION: 'on' })
  })
  afterAll(async () => {
    await production.stop()
    await open.stop()
  })

  const introspections = [
    getIntrospectionQuery(),
    '{ __schema { queryType { name } } }',
    '{ a: __type(name: "Query") { name } }',
    '{ ...A } fragment A on Query { __schema { types { name } } }',
    '{ ... { ... on Query { __type(name: "User") { fields { name } } } } }',
  ]

  test.each(transports)('the schema is not told over %s, unless it is asked for', async (transport) => {
    for (const query of introspections) {
      const { code, data } = await attack(transport, production.url, { query })
      expect([code, data ?? null]).toEqual(['BAD_INPUT', null])
    }
    const allowed = await attack(transport, open.url, { query: introspections[1] })
    expect(allowed.data).toEqual({ __schema: { queryType: { name: 'Query' } } })
    const { data } = await attack(transport, production.url, { query: '{ __typename }' })
    expect(data).toEqual({ __typename: 'Query' })
  })

  test('nor by GET, nor guessed from what is almost right', async () => {
    const response = await fetch(`${production.url}?query=${encodeURIComponent('{__schema{types{name}}}')}`)
    const answer = (await response.json()) as { data?: unknown; errors: object[] }
    expect(answer.errors[0]).toMatchObject({ extensions: { code: 'BAD_INPUT' } })
    expect(answer.data).toBeUndefined()
    for (const query of [
      '{ mee { id } }',
      '{ me { nam } }',
      'mutation { signUpp }',
      '{ node(idd: 1) { id } }',
    ]) {
      const { code } = await attack('http', production.url, { query })
      expect(code).toBe('BAD_INPUT')
    }
  })
})
