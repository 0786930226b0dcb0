/** An error can be found in the log by the name that its answer gives it, whichever way it came. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import type { TestUser } from '../support/server.ts'
import { openSocket, sendOverSocket } from '../support/socket.ts'

let cluster: Cluster
let server: ServerProcess
let user: TestUser
beforeAll(async () => {
  cluster = await startCluster()
  server = await cluster.start()
  user = await cluster.user()
  await cluster.database.sql.unsafe(`
    drop function charge_points;
    create function charge_points(uuid, text, uuid, bigint, bigint) returns jsonb language plpgsql
      as 'begin raise exception ''the inside story''; end'`)
})
afterAll(() => cluster.stop())

const bug = 'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }'
const variables = () => ({ input: { amount: 1, idempotencyKey: randomUUID() } })

interface Line {
  msg: string
  requestId?: string
  err?: { message: string; stack: string }
}
const linesOf = (requestId: string): Line[] =>
  server.log.map((line) => JSON.parse(line) as Line).filter((line) => line.requestId === requestId)

async function expectInLog(requestId: string): Promise<void> {
  await expect.poll(() => linesOf(requestId)).toHaveLength(1)
  expect(linesOf(requestId)[0]).toMatchObject({ err: { message: 'the inside story' } })
}

interface Shown {
  errors?: { extensions: { code: string; requestId?: string } }[]
}

async function ask(url: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${user.accessToken}`, ...headers },
    body: JSON.stringify(body),
  })
  const { errors } = (await response.json()) as Shown
  return { name: response.headers.get('x-request-id'), extensions: errors?.[0]?.extensions }
}

describe.each([
  ['the fast path', ''],
  ['Yoga', '?'],
])('over %s', (_, query) => {
  // The first uses of a document are walked, later ones are compiled.
  test.each([1, 2, 3, 4])('a bug has a name of ours (%i)', async () => {
    const { name, extensions } = await ask(server.url + query, { query: bug, variables: variables() })
    expect(extensions).toEqual({ code: 'INTERNAL', requestId: name })
    await expectInLog(name ?? '')
  })

  test('or the name that a proxy gave it', async () => {
    const given = `edge/1:${randomUUID()}`
    const { name, extensions } = await ask(
      server.url + query,
      { query: bug, variables: variables() },
      { 'x-request-id': given },
    )
    expect([name, extensions?.requestId]).toEqual([given, given])
    await expectInLog(given)
  })

  test.each(['two words', '"quoted"', '', 'x'.repeat(129), '한국'])('but not any name: %j', async (given) => {
    const sent = Buffer.from(given).toString('latin1')
    const { name, extensions } = await ask(
      server.url + query,
      { query: bug, variables: variables() },
      { 'x-request-id': sent },
    )
    expect(name).toMatch(/^[\da-f-]{36}$/)
    expect(extensions?.requestId).toBe(name)
  })

  test.each([{ query: '{ nothing }' }, { query: '{ concert(id: "x") { id } }' }, { query: '{' }])(
    'so has an error that is not logged: %j',
    async (body) => {
      const given = randomUUID()
      const { name, extensions } = await ask(server.url + query, body, { 'x-request-id': given })
      expect(name).toBe(given)
      expect(extensions).toEqual({ code: 'BAD_INPUT' })
    },
  )

  test('what goes well has none', async () => {
    expect(await ask(server.url + query, { query: '{ __typename }' })).toEqual({ name: null })
  })
})

test('over WebSocket', async () => {
  for (let use = 0; use < 4; use++) {
    const { errors } = (await sendOverSocket(server.url, bug, variables(), user)) as Shown
    await expectInLog(errors?.[0]?.extensions.requestId ?? '')
  }
  const given = randomUUID()
  const socket = await openSocket(server.url, {
    init: { authorization: `Bearer ${user.accessToken}`, 'X-Request-Id': given },
  })
  socket.send({ type: 'subscribe', id: 'one', payload: { query: bug, variables: variables() } })
  await socket.next()
  socket.drop()
  await expectInLog(given)
})

test('what never gets as far as GraphQL has a name too', async () => {
  const { status, headers } = await fetch(server.url, { method: 'POST', body: 'x' })
  expect(status).toBe(415)
  expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
})
