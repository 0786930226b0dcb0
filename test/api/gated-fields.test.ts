/** Fields that need an admitted ticket: with a missing or spent ticket they are null, and the fields around them are not. */
import { randomUUID } from 'node:crypto'
import { isListType, isNonNullType, isObjectType, type GraphQLOutputType } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSchema } from '../../src/schema/index.ts'
import { charge, createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { cancel, errorCodeOf } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** The fields that need an admitted ticket. They are nullable, so that an error nulls the field alone. */
const gated = ['Query.performance', 'Query.performances', 'Performance.seats']

test('every gated field is nullable', () => {
  const schema = createSchema({ signUp: true })
  const typeOf = (name: string): GraphQLOutputType | undefined => {
    const [type = '', field = ''] = name.split('.')
    const parent = schema.getType(type)
    return isObjectType(parent) ? parent.getFields()[field]?.type : undefined
  }
  for (const name of gated) {
    expect(typeOf(name), name).toBeDefined()
    expect(isNonNullType(typeOf(name)), name).toBe(false)
  }
  const seats = typeOf('Performance.seats')
  expect(isListType(seats) && isNonNullType(seats.ofType)).toBe(true)
})

test('a payment that spends the ticket returns every field that needs no ticket', async () => {
  const { concertId, performanceIds } = await createSale(server, { seatCount: 5 })
  const user = await server.user()
  const { token } = await join(user, concertId)
  const held = await hold(user, token, performanceIds[0] ?? '', [1, 2])
  await charge(user, 200)
  const answer = await user.send<{ payReservation: unknown }>(
    `mutation ($input: PayReservationInput!) { payReservation(input: $input) {
      __typename
      ... on PayReservationPayload {
        payment { amount reservation { status performance { availableSeatCount seats { number status } } } }
        account { balance }
      }
    } }`,
    { input: { reservationId: held.id, idempotencyKey: randomUUID() } },
    { queueToken: token },
  )
  expect(answer.data.payReservation).toEqual({
    __typename: 'PayReservationPayload',
    payment: {
      amount: 200,
      reservation: { status: 'PAID', performance: { availableSeatCount: 3, seats: null } },
    },
    account: { balance: 0 },
  })
  expect(answer.errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code])).toEqual([
    ['payReservation.payment.reservation.performance.seats', 'NOT_ADMITTED'],
  ])
})

test('a page of reservations needs no ticket, and only the seats are null', async () => {
  const { concertId, performanceIds } = await createSale(server, { seatCount: 5 })
  const user = await server.user()
  const { token } = await join(user, concertId)
  const held = await hold(user, token, performanceIds[0] ?? '', [1])
  const query = `{ reservations(first: 1) { edges { node { id performance { seatCount availableSeatCount seats { number } } } } } }`
  const answer = await user.send<{ reservations: object }>(query)
  expect(answer.data.reservations).toEqual({
    edges: [{ node: { id: held.id, performance: { seatCount: 5, availableSeatCount: 4, seats: null } } }],
  })
  expect(errorCodeOf(answer)).toBe('QUEUE_TICKET_INVALID')
})

test('a refused list of dates is null, and the rest of the operation is not', async () => {
  const { concertId } = await createSale(server)
  const user = await server.user()
  const query = `query ($id: ID!) { me { id } performances(concertId: $id) { id } }`
  const answer = await user.send(query, { id: concertId })
  expect(answer.data).toEqual({ me: { id: user.id }, performances: null })
  expect(errorCodeOf(answer)).toBe('QUEUE_TICKET_INVALID')
})

test('availableSeatCount is exact for an admitted caller, and up to about a second old for others', async () => {
  const { concertId, performanceIds } = await createSale(server, { seatCount: 5 })
  const [date = ''] = performanceIds
  const [inside, outside] = [await server.user(), await server.user()]
  const [first, second] = [await join(inside, concertId), await join(outside, concertId)]
  const reservation = await hold(outside, second.token, date, [5])
  const query = `query ($id: ID!) { reservation(id: $id) { performance { availableSeatCount } } }`
  const countFor = async (id: string, user: typeof inside, queueToken?: string) =>
    (
      await user.request<{ reservation: { performance: { availableSeatCount: number } } }>(
        query,
        { id },
        { queueToken },
      )
    ).reservation.performance.availableSeatCount

  expect(await countFor(reservation.id, outside)).toBe(4)
  const own = await hold(inside, first.token, date, [1, 2])
  expect(await countFor(own.id, inside, first.token)).toBe(2)
  await expect.poll(() => countFor(reservation.id, outside)).toBe(2)
  await cancel(inside, own.id)
  await expect.poll(() => countFor(reservation.id, outside)).toBe(4)
})
