/** No operation asks for too much, and every way in draws the same line. */
import { buildClientSchema, getIntrospectionQuery, printSchema, type IntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectValidErrors } from '../support/expect-error.ts'
import { charge, createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'

let server: TestServer
let user: TestUser
let token: string
let concertId: string
let reservationId: string
beforeAll(async () => {
  server = await startServer()
  const sale = await createSale(server)
  concertId = sale.concertId
  user = await server.user()
  token = (await join(user, concertId)).token
  reservationId = (await hold(user, token, sale.performanceIds[0] ?? '', [1])).id
  await charge(user, 1_000)
})
afterAll(() => server.stop())

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

/** payment → reservation → payment → …, `depth` fields deep. */
function deep(depth: number): string {
  const chain = times(depth - 2, (i) => (i % 2 === 0 ? '{ payment' : '{ reservation'))
  return `query { reservation(id: "${reservationId}") ${chain} { id ${'} '.repeat(depth - 1)} }`
}

const chargeOne = (name: string) =>
  `${name}: chargePoints(input: { amount: 1, idempotencyKey: "${name}" }) { __typename }`
const dates = (name: string) =>
  `${name}: performances(concertId: "${concertId}") { seats { number price status } availableSeatCount }`
const page = (first: number) => `query { concerts(first: ${first}) { edges { node {
  ${times(5, (i) => `q${i}: queue { waitingCount admittedCount capacity paused ratePerSecond }`)} ${times(20, () => 'id title')}
} } } }`
const bomb = `query { ...F0 } ${times(30, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)}
  fragment F30 on Query { me { id } }`

const allowed: [string, () => string][] = [
  ['12 fields deep', () => deep(12)],
  ['20 aliases', () => `{ ${times(20, (i) => `a${i}: me { id }`)} }`],
  ['20 directives', () => `{ me { ${times(20, () => 'id @include(if: true)')} } }`],
  ['three times all seats of all dates', () => `{ ${dates('a')} ${dates('b')} ${dates('c')} }`],
  ['a page of 50', () => page(50)],
  ['one charge beside a hold', () => `mutation { ${chargeOne('single')} }`],
]

const refused: [string, () => string][] = [
  ['13 fields deep', () => deep(13)],
  ['300 fields deep', () => deep(300)],
  ['21 aliases', () => `{ ${times(21, (i) => `a${i}: me { id }`)} }`],
  [
    '40 aliases in a fragment',
    () => `{ ...A ...B } fragment A on Query { ${times(20, (i) => `a${i}: me { id }`)} }
      fragment B on Query { ${times(20, (i) => `b${i}: me { id }`)} }`,
  ],
  ['21 directives', () => `{ me { ${times(21, () => 'id @include(if: true)')} } }`],
  // Nine tokens and one field each.
  [
    '1,600 tokens',
    () => `{ me { ${times(175, (i) => `...F${i}`)} } } ${times(175, (i) => `fragment F${i} on User { id }`)}`,
  ],
  ['300 fields in one place', () => `{ me { ${times(300, () => 'id')} } }`],
  [
    '300 fields of a subscription',
    () =>
      `subscription { queueTicketChanges { status { ... on Lapsed { ${times(300, () => 'reason')} } } } }`,
  ],
  ['four times all seats of all dates', () => `{ ${['a', 'b', 'c', 'd'].map(dates).join(' ')} }`],
  ['a page of 100 of much', () => page(100)],
  ['a fragment in itself', () => '{ ...A } fragment A on Query { me { id } ...A }'],
  ['a billion fields, by fragments in fragments', () => bomb],
  ['fragments in a circle', () => '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
  [
    'introspection without end',
    () => `{ __schema { types ${'{ fields { type '.repeat(8)} { name } ${'} }'.repeat(8)} } }`,
  ],
  ['two charges', () => `mutation { ${chargeOne('a')} ${chargeOne('b')} }`],
  [
    'two charges in an inline fragment',
    () => `mutation { ... on Mutation { ${chargeOne('a')} ${chargeOne('b')} } }`,
  ],
  [
    'two charges, one in a fragment behind',
    () => `mutation { ${chargeOne('a')} ...B } fragment B on Mutation { ${chargeOne('b')} }`,
  ],
  [
    'two charges, one in a fragment before',
    () => `fragment B on Mutation { ${chargeOne('b')} } mutation { ${chargeOne('a')} ...B }`,
  ],
  [
    'two charges in fragments of fragments',
    () => `fragment A on Mutation { ...B } fragment B on Mutation { ${chargeOne('b')} }
      fragment C on Mutation { ${chargeOne('c')} } mutation { ...A ... { ...C } }`,
  ],
  [
    'a charge and a payment',
    () => `mutation { ${chargeOne('a')}
      payReservation(input: { reservationId: "${reservationId}", idempotencyKey: "a" }) { __typename } }`,
  ],
  ['what does not parse', () => '{ me { id }'],
  ['what does not exist', () => '{ mee { id } }'],
  [
    'a value of an enum that does not exist',
    () => '{ performance(id: "x") { seats(status: AVAILABL) { number } } }',
  ],
  ['a type that does not exist', () => '{ me { ... on Usr { id } } }'],
  ['a fragment of another type', () => `{ node(id: "x") { title } }`],
  ['two operations and no choice', () => 'query A { me { id } } query B { me { id } }'],
]

const balance = async () =>
  (await user.request<{ points: { balance: number } }>('{ points { balance } }')).points.balance

describe.each(['http', 'ws'] as const)('over %s', (transport) => {
  const send = (query: string) =>
    transport === 'ws'
      ? sendOverSocket(server.url, query, {}, { accessToken: user.accessToken, queueToken: token })
      : user.send(query, {}, { queueToken: token })

  test.each(allowed)('%s is fine', async (_, query) => {
    expect((await send(query())).errors).toBeUndefined()
  })

  test.each(refused)('%s is refused', async (_, query) => {
    const before = await balance()
    const answer = await send(query())
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toContain('BAD_INPUT')
    expectValidErrors(answer)
    const { data } = answer as { data?: Record<string, unknown> | null }
    expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true)
    expect(await balance()).toBe(before)
  })

  test('introspection is not, and gives the schema with all its descriptions', async () => {
    for (const options of [
      {},
      { specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true },
    ]) {
      const answer = await send(getIntrospectionQuery(options))
      const schema = printSchema(buildClientSchema(answer.data as unknown as IntrospectionQuery))
      expect(schema).toContain('holdSeats')
      expect(schema).toContain('A date of a concert.')
    }
  })
})
