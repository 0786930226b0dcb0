/** The fast path answers as Yoga does. */
import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { globalId } from '../../src/schema/ids.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'

let server: TestServer
let buyer: TestUser
let operator: TestUser
let concertId: string

beforeAll(async () => {
  server = await startServer({ ALLOWED_ORIGINS: 'https://one.example,https://two.example' })
  ;[buyer, operator] = await Promise.all([server.user(), server.user('operator')])
  const input = {
    title: 'Both ways',
    performances: [{ startsAt: new Date(Date.now() + 86_400_000), seatPrice: 10 }],
  }
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${operator.accessToken}` },
    body: JSON.stringify({
      query:
        'mutation ($input: CreateConcertInput!) { createConcert(input: $input) { ... on CreateConcertPayload { concert { id } } } }',
      variables: { input },
    }),
  })
  concertId = ((await response.json()) as { data: { createConcert: { concert: { id: string } } } }).data
    .createConcert.concert.id
})
afterAll(() => server.stop())

type Headers = Record<string, string>

/** An answer that says so has a name of its own each time; that it has one is the same. */
const nameless = ([name, value]: [string, string]): [string, string] =>
  name === 'x-request-id' ? [name, String(/^[\da-f-]{36}$/.test(value))] : [name, value]

async function ask(url: string, body: string, headers: Headers) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const text = await response.text()
  const heads = Object.fromEntries(
    [...response.headers]
      .filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
      .map(nameless),
  )
  return { status: response.status, heads, text }
}

/** Sends an operation on both paths, often enough that it is compiled. */
async function expectSame(body: string, headers: Headers = {}): Promise<string> {
  // Only the bare address takes the fast path.
  const expected = await ask(`${server.url}?`, body, headers)
  for (let use = 0; use < 4; use++) expect(await ask(server.url, body, headers)).toEqual(expected)
  return expected.text
}

const operations: Record<string, object> = {
  'a field': { query: '{ __typename }' },
  'an alias': { query: '{ a: __typename b: __typename }' },
  'a list': {
    query: '{ concerts(first: 5) { edges { cursor node { id title } } pageInfo { hasNextPage } } }',
  },
  'a variable': {
    query: 'query ($n: Int) { concerts(first: $n) { edges { node { id } } } }',
    variables: { n: 1 },
  },
  'a variable that is a float': {
    query: 'query ($n: Int) { concerts(first: $n) { edges { node { id } } } }',
    variables: { n: 1.5 },
  },
  'a variable that is text': {
    query: 'query ($n: Int) { concerts(first: $n) { edges { node { id } } } }',
    variables: { n: '1' },
  },
  'a variable that is too large': {
    query: 'query ($n: Int) { concerts(first: $n) { edges { node { id } } } }',
    variables: { n: 2 ** 31 },
  },
  'a number out of bounds': { query: '{ concerts(first: 101) { edges { node { id } } } }' },
  'both ends of a list': { query: '{ concerts(first: 1, last: 1) { edges { node { id } } } }' },
  'a broken cursor': { query: '{ concerts(first: 1, after: "x") { edges { node { id } } } }' },
  'a missing variable': { query: 'query ($id: ID!) { concert(id: $id) { id } }' },
  'a null variable': { query: 'query ($id: ID!) { concert(id: $id) { id } }', variables: { id: null } },
  'a null that is allowed': {
    query: 'query ($t: String) { queueTicket(token: $t) { token } }',
    variables: { t: null },
  },
  'a variable nobody asked for': { query: '{ __typename }', variables: { x: 1 } },
  'variables that are a list': { query: '{ __typename }', variables: [] },
  'variables that are text': { query: '{ __typename }', variables: '{}' },
  'variables that are null': { query: '{ __typename }', variables: null },
  'an id of something else': { query: '{ concert(id: "x") { id } }' },
  'an id as a number': { query: '{ concert(id: 7) { id } }' },
  'an id as a boolean': { query: 'query ($id: ID!) { concert(id: $id) { id } }', variables: { id: true } },
  'nobody’s id': {
    query: 'query ($id: ID!) { concert(id: $id) { id } }',
    variables: { id: globalId('Concert', randomUUID()) },
  },
  'a node': {
    query: 'query ($id: ID!) { node(id: $id) { __typename id } }',
    variables: { id: 'Q29uY2VydDp4' },
  },
  'an unknown field': { query: '{ nothing }' },
  'an unknown argument': { query: '{ concerts(first: 1, colour: 2) { edges { node { id } } } }' },
  'a field without its selection': { query: '{ concerts(first: 1) }' },
  'a syntax error': { query: '{ concerts(first: ' },
  'no operation': { query: 'fragment A on Query { __typename }' },
  'an empty document': { query: '' },
  'a comment': { query: '# nothing' },
  'one of two operations': { query: 'query A { __typename } query B { b: __typename }', operationName: 'B' },
  'the other one': { query: 'query A { __typename } query B { b: __typename }', operationName: 'A' },
  neither: { query: 'query A { __typename } query B { b: __typename }', operationName: 'C' },
  'none of two': { query: 'query A { __typename } query B { b: __typename }' },
  'an empty name': { query: 'query A { __typename }', operationName: '' },
  'a name that is a number': { query: 'query A { __typename }', operationName: 1 },
  'a null name': { query: 'query A { __typename }', operationName: null },
  'a query that is a number': { query: 1 },
  'no query': {},
  'another parameter': { query: '{ __typename }', colour: 'red' },
  'another parameter, null': { query: '{ __typename }', colour: null },
  extensions: { query: '{ __typename }', extensions: { tracing: true } },
  'empty extensions': { query: '{ __typename }', extensions: {} },
  'extensions that are a list': { query: '{ __typename }', extensions: [] },
  skipped: {
    query: 'query ($s: Boolean!) { __typename @skip(if: $s) a: __typename @include(if: $s) }',
    variables: { s: true },
  },
  'not skipped': {
    query: 'query ($s: Boolean!) { __typename @skip(if: $s) a: __typename @include(if: $s) }',
    variables: { s: false },
  },
  'a fragment': {
    query:
      '{ ...A } fragment A on Query { concerts(first: 1) { edges { node { ...B } } } } fragment B on Concert { title }',
  },
  'a circle': { query: '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }' },
  'the schema': {
    query: '{ __schema { queryType { name } types { name kind fields { name type { name } } } } }',
  },
  'a type': { query: '{ __type(name: "Concert") { name fields { name } } }' },
  'too many aliases': { query: `{ ${Array.from({ length: 30 }, (_, n) => `a${n}: __typename`).join(' ')} }` },
  'too many tokens': { query: `{ ${'__typename '.repeat(2_000)} }` },
  'too many directives': { query: `{ __typename ${'@include(if: true) '.repeat(30)} }` },
  'too deep': {
    query: `{ concerts(first: 1) { edges { node { id queue { __typename } } } } ${'...on Query{'.repeat(20)}__typename${'}'.repeat(20)} }`,
  },
  'too much': {
    query:
      '{ concerts(first: 100) { edges { node { a: queue { waitingCount } b: queue { waitingCount } c: queue { capacity } title id d: id e: id f: id g: id h: id i: id j: id k: id l: id m: id n: id o: id p: id q: id r: id } } } }',
  },
  'nobody’s points': { query: '{ points { balance } }' },
  'nobody’s me': { query: '{ me { id name } }' },
  'a date without a ticket': {
    query: 'query ($id: ID!) { performances(concertId: $id) { id seats { number } } }',
    variables: { id: 'Q29uY2VydDp4' },
  },
  'a ticket that is none': { query: '{ queueTicket(token: "x") { token } }' },
  'a subscription': { query: 'subscription { queueTicketChanges(token: "x") { __typename } }' },
  'a mutation refused': {
    query: 'mutation { chargePoints(input: { amount: -1, idempotencyKey: "k" }) { __typename } }',
  },
  'a mutation with a bad enum': {
    query: 'mutation { leaveQueue(input: { token: LEFT }) { ticket { token } } }',
  },
  'a mutation with a missing input': {
    query: 'mutation ($input: PayReservationInput!) { payReservation(input: $input) { __typename } }',
    variables: { input: { idempotencyKey: 'k' } },
  },
  'a mutation with one field too many': {
    query: 'mutation ($input: PayReservationInput!) { payReservation(input: $input) { __typename } }',
    variables: { input: { idempotencyKey: 'k', reservationId: 'x', more: 1 } },
  },
  'two that move money': {
    query:
      'mutation { a: chargePoints(input: { amount: 1, idempotencyKey: "a" }) { __typename } b: chargePoints(input: { amount: 1, idempotencyKey: "b" }) { __typename } }',
  },
  'an operator’s mutation': {
    query:
      'mutation ($id: ID!) { updateQueue(input: { concertId: $id, capacity: 5 }) { queue { capacity } } }',
    variables: { id: globalId('Concert', randomUUID()) },
  },
  'an unknown concert': {
    query: 'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { __typename } }',
    variables: { id: globalId('Concert', randomUUID()) },
  },
  'a hold of nothing': {
    query: 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }',
    variables: {
      input: { performanceId: globalId('Performance', randomUUID()), seatNumbers: [1], idempotencyKey: 'h' },
    },
  },
  'a NUL': {
    query: 'mutation ($k: String!) { chargePoints(input: { amount: 1, idempotencyKey: $k }) { __typename } }',
    variables: { k: 'a\u0000b' },
  },
  'half a character': {
    query: 'mutation ($k: String!) { chargePoints(input: { amount: 1, idempotencyKey: $k }) { __typename } }',
    variables: { k: '\ud800' },
  },
  'an amount that is too large': {
    query:
      'mutation ($n: Points!) { chargePoints(input: { amount: $n, idempotencyKey: "n" }) { __typename } }',
    variables: { n: 2 ** 60 },
  },
  'an amount as text': {
    query:
      'mutation ($n: Points!) { chargePoints(input: { amount: $n, idempotencyKey: "n" }) { __typename } }',
    variables: { n: '12' },
  },
  'other characters': { query: '{ concert(id: "表💺") { title } } # 좌석' },
}

describe.each([
  ['nobody', () => ({})],
  ['a buyer', () => ({ authorization: `Bearer ${buyer.accessToken}` })],
  ['an operator', () => ({ authorization: `Bearer ${operator.accessToken}` })],
  ['a bad token', () => ({ authorization: 'Bearer x.y.z' })],
  ['a bad ticket', () => ({ authorization: `Bearer ${buyer.accessToken}`, 'x-queue-token': 'x' })],
])('from %s', (_, headers) => {
  test.each(Object.entries(operations))('%s', async (_, operation) => {
    await expectSame(JSON.stringify(operation), headers())
  })
})

test('a concert with all that it has', async () => {
  const query =
    'query ($id: ID!) { concert(id: $id) { id title queue { waitingCount admittedCount capacity paused ratePerSecond } } node(id: $id) { __typename ... on Concert { title } } }'
  const text = await expectSame(JSON.stringify({ query, variables: { id: concertId } }))
  expect(text).toContain('Both ways')
})

test.each([
  '',
  '{',
  'null',
  '1',
  '"text"',
  '[]',
  '[{"query":"{__typename}"}]',
  '{"query":"{__typename}"}}',
  '\u0000',
])('the body %j', async (body) => {
  await expectSame(body)
})

test.each([
  { accept: 'application/json' },
  { accept: 'application/graphql-response+json' },
  { accept: 'application/graphql-response+json, application/json;q=0.9' },
  { accept: 'text/event-stream' },
  { accept: 'text/html' },
  { 'content-type': 'application/json; charset=utf-8' },
  { 'content-type': 'application/json; charset=latin1' },
  { 'content-type': 'application/graphql' },
  { origin: 'https://one.example' },
  { origin: 'https://three.example' },
])('the headers %j', async (headers: Headers) => {
  for (const query of ['{ __typename }', '{ me { id } points { balance } }', '{ nothing }']) {
    await expectSame(JSON.stringify({ query }), headers)
  }
})

describe('a persisted document', () => {
  const query = `{ __typename } # ${randomUUID()}`
  const sha256Hash = createHash('sha256').update(query).digest('hex')
  const body = (more: object, hash = sha256Hash): string =>
    JSON.stringify({ ...more, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })

  test('is asked for, sent once, and known from then on', async () => {
    expect(await expectSame(body({}))).toContain('"PERSISTED_QUERY_NOT_FOUND"')
    expect(await expectSame(body({ query }))).toBe('{"data":{"__typename":"Query"}}')
    expect(await expectSame(body({}))).toBe('{"data":{"__typename":"Query"}}')
  })

  test('with another’s hash is refused, and not remembered', async () => {
    const other = createHash('sha256').update('other').digest('hex')
    expect(await expectSame(body({ query }, other))).toContain('"BAD_INPUT"')
    expect(await expectSame(body({}, other))).toContain('"PERSISTED_QUERY_NOT_FOUND"')
  })
})
