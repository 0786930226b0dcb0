/** What can never be right: it has no effect, and says what is wrong with it, on every way in. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectValidErrors } from '../support/expect-error.ts'
import { databaseSnapshot, createScenario, unknownId, type Scenario } from '../support/scenario.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer()
  scene = await createScenario(server)
})
afterAll(() => server.stop())

const holdSeats = 'mutation ($input: HoldSeatsInput!) { result: holdSeats(input: $input) { __typename } }'
const payReservation =
  'mutation ($input: PayReservationInput!) { result: payReservation(input: $input) { __typename } }'
const cancelReservation =
  'mutation ($input: CancelReservationInput!) { result: cancelReservation(input: $input) { __typename } }'
const chargePoints =
  'mutation ($input: ChargePointsInput!) { result: chargePoints(input: $input) { __typename } }'
const createConcert =
  'mutation ($input: CreateConcertInput!) { result: createConcert(input: $input) { __typename } }'
const signUp = 'mutation ($name: String!) { signUp(input: { name: $name }) { accessToken } }'
const concerts = `query ($first: Int, $last: Int, $after: String) {
  concerts(first: $first, last: $last, after: $after) { edges { cursor } }
}`
const byId = (field: string) => `query ($id: ID!) { result: ${field}(id: $id) { __typename } }`

const key = (): string => randomUUID()
const seats = (seatNumbers: unknown) => () => ({
  input: { performanceId: scene.date, seatNumbers, idempotencyKey: key() },
})
const amount = (value: unknown) => () => ({ input: { amount: value, idempotencyKey: key() } })
const keyed = (idempotencyKey: unknown) => () => ({ input: { amount: 1, idempotencyKey } })
const startsAt = (value: string) => () => ({
  input: { title: 'x', performances: [{ startsAt: value, seatPrice: 1 }] },
})
const id = (value: () => unknown) => () => ({ id: value() })
const reservation = (reservationId: () => unknown) => () => ({
  input: { reservationId: reservationId(), idempotencyKey: key() },
})

/** What is wrong, the operation, its variables, and the code or the refusal that it gets. Jun sends it, who is in. */
const cases: [what: string, query: string, variables: () => object, expected: string][] = [
  ['seat 0', holdSeats, seats([0]), 'SeatNotFound'],
  ['seat 51', holdSeats, seats([50, 51]), 'SeatNotFound'],
  ['seat -1', holdSeats, seats([-1]), 'SeatNotFound'],
  ['seat 2^31', holdSeats, seats([2 ** 31]), 'BAD_INPUT'],
  ['seat 2^31 - 1', holdSeats, seats([2 ** 31 - 1]), 'SeatNotFound'],
  ['seat 1.5', holdSeats, seats([1.5]), 'BAD_INPUT'],
  ['seat "7"', holdSeats, seats(['7']), 'BAD_INPUT'],
  ['no seat: null', holdSeats, seats([null]), 'BAD_INPUT'],
  ['no seats', holdSeats, seats([]), 'BAD_INPUT'],
  ['the same seat twice', holdSeats, seats([7, 8, 7]), 'BAD_INPUT'],
  ['51 seats', holdSeats, seats(Array.from({ length: 51 }, (_, i) => i + 1)), 'BAD_INPUT'],
  ['5 seats', holdSeats, seats([10, 11, 12, 13, 14]), 'SeatLimitExceeded'],
  ['a seat that somebody holds', holdSeats, seats([2, 3]), 'SeatTaken'],
  ['a seat that is sold', holdSeats, seats([50]), 'SeatTaken'],

  ['an amount of 0', chargePoints, amount(0), 'BAD_INPUT'],
  ['an amount of -1', chargePoints, amount(-1), 'BAD_INPUT'],
  ['an amount of 1.5', chargePoints, amount(1.5), 'BAD_INPUT'],
  ['an amount of 2^53', chargePoints, amount(2 ** 53), 'BAD_INPUT'],
  ['an amount of "5"', chargePoints, amount('5'), 'BAD_INPUT'],
  ['an amount of true', chargePoints, amount(true), 'BAD_INPUT'],
  ['no amount', chargePoints, amount(null), 'BAD_INPUT'],

  ['a key of 10,000 characters', chargePoints, keyed('k'.repeat(10_000)), 'BAD_INPUT'],
  ['a key of 129 characters', chargePoints, keyed('k'.repeat(129)), 'BAD_INPUT'],
  ['an empty key', chargePoints, keyed(''), 'BAD_INPUT'],
  ['a blank key', chargePoints, keyed(' \t '), 'BAD_INPUT'],
  ['a key with a NUL', chargePoints, keyed('a\0b'), 'BAD_INPUT'],
  ['a key with half a character', chargePoints, keyed('a\ud800b'), 'BAD_INPUT'],
  ['a key that is a number', chargePoints, keyed(5), 'BAD_INPUT'],
  ['a name with a NUL', signUp, () => ({ name: 'a\0b' }), 'BAD_INPUT'],
  ['a name with half a character', signUp, () => ({ name: '\udfff' }), 'BAD_INPUT'],
  ['a blank name', signUp, () => ({ name: '   ' }), 'BAD_INPUT'],
  ['a name that cannot be seen', signUp, () => ({ name: '\u3164\u200b' }), 'BAD_INPUT'],
  ['a name that is read from right to left', signUp, () => ({ name: 'a\u202eb' }), 'BAD_INPUT'],

  [
    'a hold that does not exist',
    payReservation,
    reservation(() => unknownId('Reservation')),
    'ReservationNotFound',
  ],
  ['somebody’s hold, to pay', payReservation, reservation(() => scene.minjiHold), 'ReservationNotFound'],
  [
    'somebody’s hold, to cancel',
    cancelReservation,
    reservation(() => scene.minjiHold),
    'ReservationNotFound',
  ],
  ['a concert as a hold', payReservation, reservation(() => scene.concertId), 'BAD_INPUT'],
  ['somebody’s hold, to read', byId('reservation'), id(() => scene.minjiHold), 'null'],
  ['somebody’s payment, to read', byId('node'), id(() => scene.boughtPayment), 'null'],
  ['somebody, to read', byId('node'), id(() => scene.minji.id), 'null'],

  ['an id of the wrong type', byId('concert'), id(() => scene.date), 'BAD_INPUT'],
  ['an id that is garbage', byId('node'), id(() => '💥'), 'BAD_INPUT'],
  ['an id of nothing that has one', byId('node'), id(() => unknownId('Seat')), 'BAD_INPUT'],
  ['an id with more behind it', byId('node'), id(() => btoa(`${atob(scene.concertId)}0`)), 'BAD_INPUT'],
  ['an id of 60,000 characters', byId('node'), id(() => 'Q'.repeat(60_000)), 'BAD_INPUT'],
  ['an empty id', byId('concert'), id(() => ''), 'BAD_INPUT'],
  ['an id that is a number', byId('concert'), id(() => 12), 'BAD_INPUT'],
  ['a date that does not exist', byId('performance'), id(() => unknownId('Performance')), 'null'],

  ['a page of -1', concerts, () => ({ first: -1 }), 'BAD_INPUT'],
  ['a page of -1 from the end', concerts, () => ({ last: -1 }), 'BAD_INPUT'],
  ['a page of 2^31', concerts, () => ({ first: 2 ** 31 }), 'BAD_INPUT'],
  ['a cursor that is garbage', concerts, () => ({ after: 'x' }), 'BAD_INPUT'],
  ['a cursor of another list', concerts, () => ({ after: scene.minjiHold }), 'BAD_INPUT'],

  ['a date that is after 9999 in UTC', createConcert, startsAt('9999-12-31T23:59:59-12:00'), 'BAD_INPUT'],
  ['a date in the year 0', createConcert, startsAt('0000-01-01T00:00:00Z'), 'BAD_INPUT'],
  ['a new concert, from a buyer', createConcert, startsAt('2999-01-01T00:00:00Z'), 'FORBIDDEN'],
  ['a variable that is missing', byId('concert'), () => ({}), 'BAD_INPUT'],
  ['a field of an input that there is not', chargePoints, () => ({ input: { amout: 1 } }), 'BAD_INPUT'],
]

/** The code, the refusal or the type of what came back; null: nothing. */
function outcomeOf({
  data,
  errors,
}: {
  data?: unknown
  errors?: { extensions: { code: string } }[]
}): string {
  if (errors) return errors[0]?.extensions.code ?? 'no code'
  const { result } = data as { result: { __typename: string } | null }
  return result?.__typename ?? 'null'
}

describe.each(['http', 'ws'] as const)('over %s', (transport) => {
  test.each(cases)('%s', async (_, query, variables, expected) => {
    const before = await databaseSnapshot(server)
    const { accessToken } = scene.jun
    const credentials = { accessToken, queueToken: scene.junTicket }
    const answer =
      transport === 'ws'
        ? await sendOverSocket(server.url, query, variables(), credentials)
        : await scene.jun.send(query, variables(), credentials)
    expect(outcomeOf(answer)).toBe(expected)
    expectValidErrors(answer)
    expect(await databaseSnapshot(server)).toBe(before)
  })
})

test('a date in the past, from an operator', async () => {
  const before = await databaseSnapshot(server)
  const answer = await scene.operator.send(createConcert, startsAt('2020-01-01T00:00:00Z')())
  expect(outcomeOf(answer)).toBe('InvalidConcert')
  expect(await databaseSnapshot(server)).toBe(before)
})

test('a page of 1,000 has a hundred items at the most', async () => {
  const rows = Array.from({ length: 105 }, () => [randomUUID(), 'One of many', 1] as const)
  for (const [uuid, title, capacity] of rows)
    await server.database
      .sql`insert into concerts (id, title, queue_capacity) values (${uuid}, ${title}, ${capacity})`
  const { data } = await scene.jun.send<{ concerts: { edges: unknown[] } }>(concerts, { first: 1_000 })
  expect(data.concerts.edges).toHaveLength(100)
})
