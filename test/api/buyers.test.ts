import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBuyersInEachState } from '../support/buyers.ts'
import { errorCodeOf } from '../support/operations.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe('a buyer, for an operator,', () => {
  const query = `query ($id: ID!) { buyer(userId: $id) {
    user { id points { balance } }
    tickets { concert { id } status { __typename ... on Waiting { position } } }
    reservations(last: 20) { edges { node { status price seats { number } payment { amount } } } }
  } }`
  const find = async (operator: TestUser, id: string) =>
    (await operator.request<{ buyer: Record<string, unknown> }>(query, { id })).buyer

  test('has tickets, reservations, payments and points', async () => {
    const { sale, bought, holding, waiting } = await createBuyersInEachState(server)
    const { operator, concertId } = sale
    expect(await find(operator, bought.user.id)).toEqual({
      user: { id: bought.user.id, points: { balance: 700 } },
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Finished' } }],
      reservations: {
        edges: [
          {
            node: {
              status: 'PAID',
              price: 300,
              seats: [{ number: 1 }, { number: 2 }, { number: 3 }],
              payment: { amount: 300 },
            },
          },
        ],
      },
    })
    expect(await find(operator, holding.user.id)).toMatchObject({
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Admitted' } }],
      reservations: { edges: [{ node: { status: 'HELD', payment: null } }] },
    })
    expect(await find(operator, waiting.user.id)).toMatchObject({
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Waiting', position: 1 } }],
      reservations: { edges: [] },
    })
    expect(await find(operator, (await server.user()).id)).toMatchObject({ tickets: [] })
  })
})

test('a buyer is found by a reservation or by the user, and not by both', async () => {
  const { operator, concertId, performanceIds } = await createSale(server)
  const user = await server.user()
  const { token } = await join(user, concertId)
  const { id } = await hold(user, token, performanceIds[0] ?? '', [1])
  const query = `query ($userId: ID, $reservationId: ID) {
    buyer(userId: $userId, reservationId: $reservationId) { user { id } tickets { concert { id } } } }`
  const found = await operator.request(query, { reservationId: id })
  expect(found).toEqual({ buyer: { user: { id: user.id }, tickets: [{ concert: { id: concertId } }] } })
  const unknown = Buffer.from(`Reservation:${randomUUID()}`).toString('base64')
  expect(errorCodeOf(await operator.send(query, { reservationId: unknown }))).toBe('NOT_FOUND')
  expect(errorCodeOf(await operator.send(query, { reservationId: id, userId: user.id }))).toBe('BAD_INPUT')
  expect(errorCodeOf(await operator.send(query))).toBe('BAD_INPUT')
  expect(errorCodeOf(await user.send(query, { reservationId: id }))).toBe('FORBIDDEN')
})
