/** A check for robots before anybody joins, against a provider that is a server of this test. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createSale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { attack, transports, type Outcome, type Transport } from './transports.ts'

/** What the provider was asked, and how it answers. */
let asked: Record<string, string>[]
let answer: (response: ServerResponse, token: string) => void
const honest: typeof answer = (response, token) => json(response, { success: token === 'human' })
const json = (response: ServerResponse, body: unknown, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const provider = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const form = Object.fromEntries(new URLSearchParams(body))
    asked.push({ type: String(request.headers['content-type']), ...form })
    answer(response, form.response ?? '')
  })
})

let server: TestServer
let user: TestUser
let concertId: string
beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  const { port } = provider.address() as AddressInfo
  server = await startServer({
    BOT_CHECK_URL: `http://127.0.0.1:${port}/siteverify`,
    BOT_CHECK_SECRET: 'between us',
    TRUST_PROXY: '1',
    LOG_LEVEL: 'silent',
  })
  concertId = (await createSale(server)).concertId
})
afterAll(async () => {
  await server.stop()
  provider.closeAllConnections()
  provider.close()
})
beforeEach(async () => {
  asked = []
  answer = honest
  user = await server.user()
})

const join = (token?: unknown, who = user, transport: Transport = 'http'): Promise<Outcome> =>
  attack(
    transport,
    server.url,
    {
      query: `mutation ($input: IssueQueueTokenInput!) { result: issueQueueToken(input: $input) { __typename } }`,
      variables: { input: { concertId, ...(token === undefined ? {} : { botCheckToken: token }) } },
    },
    { accessToken: who.accessToken, headers: { 'x-forwarded-for': '198.51.100.7' } },
  )
const inLine = async () =>
  (
    await user.request<{ concert: { queue: { waitingCount: number; admittedCount: number } } }>(
      `{ concert(id: "${concertId}") { queue { waitingCount admittedCount } } }`,
    )
  ).concert.queue

test.each(transports)(
  'who passed it joins, over %s: the provider sees token, address and secret',
  async (transport) => {
    expect((await join('human', user, transport)).code).toBe('IssueQueueTokenPayload')
    expect(asked).toEqual([
      {
        type: 'application/x-www-form-urlencoded;charset=UTF-8',
        secret: 'between us',
        response: 'human',
        remoteip: '198.51.100.7',
      },
    ])
  },
)

test.each(transports)('who did not pass it, or shows nothing, does not, over %s', async (transport) => {
  const before = await inLine()
  for (const token of ['robot', '', null, undefined])
    expect((await join(token, user, transport)).code).toBe('FORBIDDEN')
  expect(asked.map(({ response }) => response)).toEqual(['robot'])
  expect(await inLine()).toEqual(before)
})

test.each(transports)('while nobody can be asked nobody joins, over %s', async (transport) => {
  answer = (response) => void response.destroy()
  const { code, retryAfterSeconds } = await join('human', user, transport)
  expect([code, retryAfterSeconds]).toEqual(['OVERLOADED', 1])
})

test('a token is text, and not endless', async () => {
  for (const token of [5, { a: 1 }, 'x'.repeat(5_000)]) expect((await join(token)).code).toBe('BAD_INPUT')
  expect(asked).toEqual([])
  // Whatever is in it stays in it.
  await join('human&secret=mine&response=human')
  expect(asked).toMatchObject([{ secret: 'between us', response: 'human&secret=mine&response=human' }])
})

test('nobody is asked about a user who may not join anyway', async () => {
  const stranger = { ...user, accessToken: 'forged' }
  expect((await join('human', stranger)).code).toBe('UNAUTHENTICATED')
  expect(asked).toEqual([])
})

test('an operator, who joins for others, is not checked', async () => {
  expect((await join(undefined, await server.user('operator'))).code).toBe('IssueQueueTokenPayload')
})

test.each<[what: string, respond: typeof answer]>([
  ['fails', (response) => json(response, { success: true }, 500)],
  ['is not JSON', (response) => void response.end('<html>')],
  ['says neither yes nor no', (response) => json(response, { success: 'true' })],
  ['says nothing', (response) => json(response, null)],
  [
    'sends one elsewhere, where all are welcome',
    (response, token) =>
      token === ''
        ? json(response, { success: true })
        : void response.writeHead(302, { location: '/' }).end(),
  ],
  ['hangs up', (response) => void response.destroy()],
  ['hangs', () => undefined],
])('a provider that %s: nobody is let in, and it may be tried again soon', async (_, respond) => {
  answer = respond
  expect((await join('human')).code).toBe('OVERLOADED')
  answer = honest
  expect((await join('human')).code).toBe('IssueQueueTokenPayload')
})
