import { afterAll, beforeAll, expect, test } from 'vitest'
import { join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { errorCodeOf, queueFields } from '../support/operations.ts'

let server: TestServer
let operator: TestUser
beforeAll(async () => {
  server = await startServer({ QUEUE_CAPACITY: '7', QUEUE_RATE_PER_SECOND: '3' })
  operator = await server.user('operator')
})
afterAll(() => server.stop())

interface CreatedConcert {
  id: string
  queue: object
}

const create = (user: TestUser, input: object) =>
  user.send<{ createConcert: { __typename: string; message: string; concert: CreatedConcert } }>(
    `mutation ($input: CreateConcertInput!) { createConcert(input: $input) {
      __typename
      ... on CreateConcertPayload { concert { id title queue { ${queueFields} } performances { startsAt seatPrice } } }
      ... on Refusal { message }
    } }`,
    { input },
  )

const date = (startsAt: string, more: object = {}) => ({ startsAt, seatPrice: 100, ...more })
const concerts = async () => (await server.database.sql`select from concerts`).length

test('a concert comes with its dates and its queue; what is left out is the server’s default', async () => {
  const { data } = await create(operator, {
    title: ' 봄날 ',
    performances: [
      date('2999-01-02T18:00:00+09:00'),
      date('2999-01-01T18:00:00Z', { seatCount: 3, seatPrice: 0 }),
    ],
  })
  expect(data.createConcert).toMatchObject({
    __typename: 'CreateConcertPayload',
    concert: {
      title: '봄날',
      queue: { capacity: 7, ratePerSecond: 3, paused: false, waitingCount: 0, admittedCount: 0 },
      performances: [
        { startsAt: '2999-01-01T18:00:00.000Z', seatPrice: 0 },
        { startsAt: '2999-01-02T09:00:00.000Z', seatPrice: 100 },
      ],
    },
  })
  const user = await server.user()
  const { token } = await join(user, data.createConcert.concert.id)
  const dates = await user.request(
    'query ($id: ID!) { performances(concertId: $id) { startsAt seatCount seats { price } } }',
    { id: data.createConcert.concert.id },
    { queueToken: token },
  )
  expect(dates).toEqual({
    performances: [
      { startsAt: '2999-01-01T18:00:00.000Z', seatCount: 3, seats: Array(3).fill({ price: 0 }) },
      { startsAt: '2999-01-02T09:00:00.000Z', seatCount: 50, seats: Array(50).fill({ price: 100 }) },
    ],
  })
})

test('with a key, sending it again adds nothing', async () => {
  const before = await concerts()
  const input = { title: 'Once', performances: [date('2999-01-01T00:00:00Z')], idempotencyKey: 'once' }
  const first = await create(operator, input)
  expect((await create(operator, input)).data.createConcert.concert.id).toBe(
    first.data.createConcert.concert.id,
  )
  const other = await create(operator, { ...input, title: 'Twice' })
  expect(other.data.createConcert.__typename).toBe('IdempotencyKeyReused')
  expect(await concerts()).toBe(before + 1)
})

test('its queue can be its own', async () => {
  const input = { title: 'Own', performances: [date('2999-01-01T00:00:00Z')] }
  const own = await create(operator, { ...input, queueCapacity: 0, queueRatePerSecond: null })
  expect(own.data.createConcert.concert.queue).toMatchObject({ capacity: 0, ratePerSecond: null })
})

test('a date that is not in the future refuses all of it', async () => {
  const before = await concerts()
  for (const past of ['2020-01-01T00:00:00Z', new Date().toISOString()]) {
    const { data } = await create(operator, {
      title: 'Late',
      performances: [date('2999-01-01T00:00:00Z'), date(past)],
    })
    expect(data.createConcert.__typename).toBe('InvalidConcert')
    expect(data.createConcert.message).toContain('future')
  }
  expect(await concerts()).toBe(before)
})

const future = '2999-01-01T00:00:00Z'
test.each([
  ['no title', { title: ' ', performances: [date(future)] }],
  ['a long title', { title: 'x'.repeat(201), performances: [date(future)] }],
  ['no dates', { title: 'x', performances: [] }],
  ['101 dates', { title: 'x', performances: Array(101).fill(date(future)) }],
  ['no seats', { title: 'x', performances: [date(future, { seatCount: 0 })] }],
  ['too many seats', { title: 'x', performances: [date(future, { seatCount: 10_001 })] }],
  ['a negative price', { title: 'x', performances: [date(future, { seatPrice: -1 })] }],
  ['no time zone', { title: 'x', performances: [date('2999-01-01T00:00:00')] }],
  ['no such day', { title: 'x', performances: [date('2999-02-30T00:00:00Z')] }],
  ['a negative capacity', { title: 'x', performances: [date(future)], queueCapacity: -1 }],
  ['an empty key', { title: 'x', performances: [date(future)], idempotencyKey: '' }],
  ['a rate of 0', { title: 'x', performances: [date(future)], queueRatePerSecond: 0 }],
])('%s is bad input', async (_, input) => {
  const before = await concerts()
  expect(errorCodeOf(await create(operator, input))).toBe('BAD_INPUT')
  expect(await concerts()).toBe(before)
})

test('only operators add concerts', async () => {
  const input = { title: 'x', performances: [date(future)] }
  expect(errorCodeOf(await create(await server.user(), input))).toBe('FORBIDDEN')
})
