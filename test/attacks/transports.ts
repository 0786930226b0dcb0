/** One request over each transport, as an attacker sends it, with everything that came back looked through. */
import { expect } from 'vitest'
import { expectValidErrors, INTERNAL_DETAILS } from '../support/expect-error.ts'
import { openSocket } from '../support/socket.ts'

export const transports = ['http', 'ws', 'sse'] as const
export type Transport = (typeof transports)[number]

export interface Outcome {
  /** `extensions.code` of the first error, `__typename` of the field `result`, or 'ok'. */
  code: string
  /** Of the HTTP answer. */
  status?: number
  /** What the socket was closed with, and nothing was answered. */
  closed?: number
  data?: Record<string, unknown> | null | undefined
  /** Of the first error. */
  retryAfterSeconds?: number | undefined
}

interface Options {
  accessToken?: string | undefined
  queueToken?: string | undefined
  headers?: Record<string, string>
}

interface Result {
  data?: Record<string, unknown> | null
  errors?: { message: string; extensions: { code: string; retryAfterSeconds?: number } }[]
}

/** Sends a body, which may be anything, and reads the first answer to it. */
export async function attack(
  transport: Transport,
  url: string,
  body: unknown,
  options: Options = {},
): Promise<Outcome> {
  const { accessToken, queueToken, headers = {} } = options
  const shown = {
    ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
    ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
  }
  return transport === 'ws'
    ? overSocket(url, body, shown, headers)
    : overHttp(transport, url, body, { ...shown, ...headers })
}

async function overHttp(
  transport: 'http' | 'sse',
  url: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Outcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(transport === 'sse' ? { accept: 'text/event-stream' } : {}),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await firstOf(response)
  expectNoInternals(response.status, text)
  const event = /^data: (\{.+\})$/m.exec(text)?.[1]
  return { ...outcomeOf(JSON.parse(event ?? text) as Result), status: response.status }
}

/** The whole answer, or of a stream the first event that says something. */
async function firstOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.includes('event-stream')) return response.text()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk)
    if (/^data: \{.+\}\n/m.test(text)) break
  }
  return text
}

async function overSocket(url: string, body: unknown, init: object, headers: object): Promise<Outcome> {
  const socket = await openSocket(url, { init, headers: headers as Record<string, string> })
  socket.send({ type: 'subscribe', id: 'one', payload: body })
  const message = await socket.next().catch(() => null)
  if (message === null) {
    const { code, reason } = await socket.closed
    expectNoInternals(code, reason)
    return { code: 'closed', closed: code }
  }
  socket.drop()
  expectNoInternals(200, JSON.stringify(message))
  const { type, payload } = message
  return outcomeOf((type === 'error' ? { errors: payload } : payload) as Result)
}

function outcomeOf({ data, errors }: Result): Outcome {
  expectValidErrors({ errors: errors ?? [] })
  const result = data?.result as { __typename?: string } | null | undefined
  const { code, retryAfterSeconds } = errors?.[0]?.extensions ?? {}
  return { code: code ?? result?.__typename ?? 'ok', data, retryAfterSeconds }
}

/** Not a word about how it works inside, and no 5xx: what is asked may be wrong, the server is not. */
export function expectNoInternals(status: number, text: string): void {
  expect(text).not.toMatch(INTERNAL_DETAILS)
  expect(text).not.toContain('"INTERNAL"')
  expect(status < 500 || (status > 599 && status !== 4500)).toBe(true)
}
