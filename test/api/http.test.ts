/** HTTP below GraphQL: bodies, methods, batches; and the audits of GraphQL over HTTP. */
import { request as rawRequest } from 'node:http'
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectProperErrors } from '../support/complaint.ts'
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
  expectProperErrors(answer)
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

  test('in chunks of unknown length is refused', async () => {
    const chunks = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify({ query: '{ __typename }' })))
        controller.close()
      },
    })
    const response = await fetch(server.url, {
      method: 'POST',
      headers: json,
      body: chunks,
      duplex: 'half',
    } as RequestInit)
    await expectRefusal(response, 411)
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

test('a browser may ask from anywhere, with the two headers that say who it is', async () => {
  const response = await fetch(server.url, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://tickets.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-queue-token',
    },
  })
  expect(response.ok).toBe(true)
  expect(response.headers.get('access-control-allow-origin')).toBe('https://tickets.example')
  expect(response.headers.get('access-control-allow-credentials')).not.toBe('true')
  expect(response.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('x-queue-token')
})

describe('GraphQL over HTTP, audited', () => {
  const audits = serverAudits({ url: () => server.url })
  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok')
  })
})
