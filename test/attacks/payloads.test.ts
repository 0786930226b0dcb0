/**
 * Bodies that are made to hurt, over all three transports. What test/api/document-limits.test.ts and bad-input.test.ts
 * try over HTTP and WebSocket comes over server-sent events here, and what is wrong with the envelope comes
 * over all of them.
 */
import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { databaseSnapshot, createScenario, type Scenario } from '../support/scenario.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { statusSubscription } from '../support/operations.ts'
import { attack, transports } from './transports.ts'

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer()
  scene = await createScenario(server)
})
afterAll(() => server.stop())

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

const me = '{ result: me { id } }'
const signUp = (name: string) => `mutation { result: signUp(input: { name: ${name} }) { accessToken } }`
const charge = 'mutation ($input: ChargePointsInput!) { result: chargePoints(input: $input) { __typename } }'
const hold = 'mutation ($input: HoldSeatsInput!) { result: holdSeats(input: $input) { __typename } }'
const payment = (name: string) =>
  `${name}: payReservation(input: { reservationId: "${scene.minjiHold}", idempotencyKey: "${name}" }) { __typename }`
const amount = (literal: string) =>
  `mutation { result: chargePoints(input: { amount: ${literal}, idempotencyKey: "a" }) { __typename } }`
const charging = (idempotencyKey: unknown) => ({
  query: charge,
  variables: { input: { amount: 1, idempotencyKey } },
})
const holding = (seatNumbers: unknown) => ({
  query: hold,
  variables: { input: { performanceId: scene.date, seatNumbers, idempotencyKey: randomUUID() } },
})
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

/** Too much to do. */
const bombs: [what: string, body: () => unknown][] = [
  [
    'a thousand aliased payments',
    () => ({
      query: `mutation ($i: PayReservationInput!) { ${times(1_000, (i) => `p${i}: payReservation(input: $i) { __typename }`)} }`,
      variables: { i: { reservationId: scene.minjiHold, idempotencyKey: 'p' } },
    }),
  ],
  ['300 aliased payments', () => ({ query: `mutation { ${times(300, (i) => payment(`p${i}`))} }` })],
  ['ten aliased payments', () => ({ query: `mutation { ${times(10, (i) => payment(`p${i}`))} }` })],
  [
    'two payments in fragments',
    () => ({
      query: `mutation { ...A ...B } fragment A on Mutation { ${payment('a')} } fragment B on Mutation { ${payment('b')} }`,
    }),
  ],
  ['30 aliases', () => ({ query: `{ ${times(30, (i) => `a${i}: me { id }`)} }` })],
  [
    '300 fields deep',
    () => ({
      query: `{ reservation(id: "${scene.minjiHold}") ${'{ payment { reservation '.repeat(150)} { id } ${'} } '.repeat(150)} }`,
    }),
  ],
  [
    'introspection in circles',
    () => ({
      query: `{ __schema { types ${'{ fields { type '.repeat(10)} { name } ${'} }'.repeat(10)} } }`,
    }),
  ],
  [
    'fragments in a circle',
    () => ({ query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }' }),
  ],
  [
    'a billion fields, by fragments in fragments',
    () => ({
      query: `{ ...F0 } ${times(30, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}
        fragment F30 on Query { me { id } }`,
    }),
  ],
  ['100 directives', () => ({ query: `{ me { ${'id @include(if: true) '.repeat(100)} } }` })],
  [
    'a directive 100 times on a field',
    () => ({ query: `{ me { id ${'@include(if: true) '.repeat(100)} } }` }),
  ],
  ['20,000 tokens', () => ({ query: times(2_500, (i) => `query Q${i} { me { id } }`), operationName: 'Q1' })],
  ['a literal 20,000 levels deep', () => ({ query: amount('['.repeat(20_000)) })],
  ['a type 10,000 levels deep', () => ({ query: `query ($a: ${'['.repeat(10_000)}Int) { me { id } }` })],
  [
    'a page too expensive',
    () => ({
      query: `{ concerts(first: 100) { edges { node { ${times(15, (i) => `q${i}: queue { waitingCount admittedCount capacity paused }`)} } } } }`,
    }),
  ],
]

/** Values that do not fit. */
const values: [what: string, body: () => unknown, word?: string][] = [
  ['an amount of 2^53', () => ({ query: amount('9007199254740992') })],
  ['an amount of 2^63', () => ({ query: amount('9223372036854775808') })],
  ['an amount of 400 digits', () => ({ query: amount('9'.repeat(400)) })],
  ['an amount of 1e400', () => ({ query: amount('1e400') })],
  ['an amount of -1', () => ({ query: amount('-1') })],
  ['a page of 2^31', () => ({ query: '{ concerts(first: 2147483648) { edges { cursor } } }' })],
  ['seat -2^31 - 1', () => holding([-2_147_483_649])],
  ['seats nested 1,000 deep', () => holding(nested(1_000))],
  ['20,000 seats', () => holding(Array.from({ length: 10_000 }, (_, i) => i))],
  ['a seat that is an object', () => holding([{ $gt: 0 }])],
  ['a key that is an object', () => charging({ $ne: null })],
  ['a key with a NUL', () => charging('a\0')],
  ['a key that is half a character', () => charging('\udc00')],
  ['a NUL in a literal', () => ({ query: signUp('"a\\u0000b"') })],
  ['half a character in a literal', () => ({ query: signUp('"\\uD800"') })],
  ['a NUL in the text of the operation', () => ({ query: '{ me\0 { id } }' })],
  ['half a character in the text of the operation', () => ({ query: '{ me { id \ud800 } }' })],
  ['a name of 60,000 characters', () => ({ query: signUp(`"${'x'.repeat(60_000)}"`) })],
  ['an escape that is none', () => ({ query: signUp('"\\u{110000}"') })],
  ['a text that does not end', () => ({ query: signUp('"""') })],
  ['an id of bytes that are not text', () => ({ query: '{ node(id: "/////w==") { id } }' })],
  ['SQL for an id', () => ({ query: `{ node(id: "' or 1=1 --") { id } }` })],
  [
    'a prototype for an input',
    () =>
      `{"query":${JSON.stringify(charge)},"variables":{"input":{"__proto__":{"amount":1},"constructor":1}}}`,
  ],
]

type Envelope = [what: string, body: () => unknown, overSocket: string | number]
/** What is around the operation. WebSocket closes with 4400 for what is not a message of its protocol. */
const envelopes: Envelope[] = [
  ['no query', () => ({}), 4400],
  ['null for a query', () => ({ query: null }), 4400],
  ['a number for a query', () => ({ query: 5 }), 4400],
  ['an empty query', () => ({ query: '' }), 'BAD_INPUT'],
  ['a list for variables', () => ({ query: me, variables: [1] }), 4400],
  ['text for variables', () => ({ query: me, variables: 'x' }), 4400],
  ['a number for an operation name', () => ({ query: me, operationName: 5 }), 4400],
  ['text for extensions', () => ({ query: me, extensions: 'x' }), 4400],
  ['an operation name that is not there', () => ({ query: me, operationName: '__proto__' }), 'BAD_INPUT'],
  ['two operations and no name', () => ({ query: 'query A { a } query B { b }' }), 'BAD_INPUT'],
  ['extensions alone', () => ({ extensions: { persistedQuery: { version: 2, sha256Hash: 'a' } } }), 4400],
  ...[5, null, [], {}, true].map((query): Envelope => [
    `${JSON.stringify(query)} for a persisted query`,
    () => ({ query, extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }),
    4400,
  ]),
  [
    'an empty persisted query, with its hash',
    () => ({
      query: '',
      extensions: {
        persistedQuery: { version: 1, sha256Hash: createHash('sha256').update('').digest('hex') },
      },
    }),
    'BAD_INPUT',
  ],
  ['a batch', () => [{ query: me }, { query: me }], 4400],
  ['a megabyte', () => ({ query: me, variables: { a: 'x'.repeat(1_000_000) } }), 1009],
]

describe.each(transports)('over %s', (transport) => {
  const send = (body: unknown) =>
    attack(transport, server.url, transport === 'ws' && typeof body === 'string' ? JSON.parse(body) : body, {
      accessToken: scene.minji.accessToken,
      queueToken: scene.minjiTicket,
    })

  test.each([...bombs, ...values])('%s', async (_, body) => {
    const before = await databaseSnapshot(server)
    const { code, status, data } = await send(body())
    expect(code).toBe('BAD_INPUT')
    if (status !== undefined) expect([200, 400, 413]).toContain(status)
    expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true)
    expect(await databaseSnapshot(server)).toBe(before)
  })

  test.each(envelopes)('%s', async (_, body, overSocket) => {
    const { code, status, closed } = await send(body())
    if (transport === 'ws') expect(closed ?? code).toBe(overSocket)
    else expect([code, [200, 400, 413].includes(status ?? 0)]).toEqual(['BAD_INPUT', true])
  })

  test('what looks like SQL or HTML is text like any other', async () => {
    const name = `'); drop table users; -- <script>{{7*7}}\${7*7}`
    const query = 'mutation ($name: String!) { result: signUp(input: { name: $name }) { user { name } } }'
    expect((await send({ query, variables: { name } })).data).toEqual({ result: { user: { name } } })
  })

  test('and the next request is answered as if nothing had happened', async () => {
    expect((await send({ query: me })).data).toEqual({ result: { id: scene.minji.id } })
    if (transport === 'http') return
    expect((await send({ query: statusSubscription })).data).toMatchObject({
      queueTicketChanges: { status: { __typename: 'Admitted' } },
    })
  })
})
