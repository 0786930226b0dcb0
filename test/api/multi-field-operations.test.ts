/** Operations with several fields: each field sees the changes made by the fields before it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { charge, createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const HELD = '__typename ... on HoldSeatsPayload { reservation { status seats { number status } } }'
const holdInput = (performanceId: string, seat: number) => ({
  performanceId,
  seatNumbers: [seat],
  idempotencyKey: randomUUID(),
})

test('a hold after leaveQueue is refused', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const buyer = await server.user()
  const { token } = await join(buyer, concertId)
  const { data, errors } = await buyer.send<{ first: object; second: object | null }>(
    `mutation ($first: HoldSeatsInput!, $token: String!, $second: HoldSeatsInput!) {
      first: holdSeats(input: $first) { ${HELD} }
      leaveQueue(input: { token: $token }) { ticket { status { __typename } } }
      second: holdSeats(input: $second) { ${HELD} } }`,
    { first: holdInput(performanceIds[0] ?? '', 1), token, second: holdInput(performanceIds[0] ?? '', 2) },
    { queueToken: token },
  )
  expect(errors).toMatchObject([{ path: ['second'], extensions: { code: 'NOT_ADMITTED' } }])
  expect(data).toBeNull()
})

test('seats have the status that earlier holds gave them', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const buyer = await server.user()
  const { token } = await join(buyer, concertId)
  const held = await buyer.request<Record<'first' | 'second', object>>(
    `mutation ($first: HoldSeatsInput!, $second: HoldSeatsInput!) {
      first: holdSeats(input: $first) { ${HELD} } second: holdSeats(input: $second) { ${HELD} } }`,
    { first: holdInput(performanceIds[0] ?? '', 1), second: holdInput(performanceIds[0] ?? '', 2) },
    { queueToken: token },
  )
  expect(held).toMatchObject({
    first: { reservation: { seats: [{ number: 1, status: 'HELD' }] } },
    second: { reservation: { seats: [{ number: 2, status: 'HELD' }] } },
  })
})

test('after a payment the reservation, its seats and the account are read again', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const buyer = await server.user()
  const { token } = await join(buyer, concertId)
  const seat = holdInput(performanceIds[0] ?? '', 1)
  const { id } = await hold(buyer, token, seat.performanceId, seat.seatNumbers, seat.idempotencyKey)
  await charge(buyer, 100)
  const paid = await buyer.request(
    `mutation ($again: HoldSeatsInput!, $pay: PayReservationInput!) {
      holdSeats(input: $again) { ... on HoldSeatsPayload {
        reservation { status payment { id } seats { status } user { points { balance } } } } }
      payReservation(input: $pay) { ... on PayReservationPayload {
        payment { reservation { status payment { amount } seats { status } } } account { balance } } } }`,
    { again: seat, pay: { reservationId: id, idempotencyKey: randomUUID() } },
    { queueToken: token },
  )
  expect(paid).toMatchObject({
    holdSeats: {
      reservation: {
        status: 'HELD',
        payment: null,
        seats: [{ status: 'HELD' }],
        user: { points: { balance: 100 } },
      },
    },
    payReservation: {
      payment: { reservation: { status: 'PAID', payment: { amount: 100 }, seats: [{ status: 'SOLD' }] } },
      account: { balance: 0 },
    },
  })
})

test('a queue has the settings that an earlier field has set', async () => {
  const { concertId, operator } = await createSale(server)
  const changed = await operator.request(
    `mutation ($id: ID!) {
      five: updateQueue(input: { concertId: $id, capacity: 5 }) { queue { capacity } }
      seven: updateQueue(input: { concertId: $id, capacity: 7 }) { queue { capacity } } }`,
    { id: concertId },
  )
  expect(changed).toEqual({ five: { queue: { capacity: 5 } }, seven: { queue: { capacity: 7 } } })
})
