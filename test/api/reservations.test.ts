import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSale, hold, join, pay, charge, statusOf } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { letDatesPass } from '../support/arrange.ts'
import { cancel, errorCodeOf } from '../support/operations.ts'

let server: TestServer
let concertId: string
let date: string
let secondDate: string
beforeAll(async () => {
  server = await startServer()
  const sale = await createSale(server, { dates: 2 })
  concertId = sale.concertId
  ;[date = '', secondDate = ''] = sale.performanceIds
})
afterAll(() => server.stop())

async function admitted(): Promise<{ user: TestUser; token: string }> {
  const user = await server.user()
  return { user, token: (await join(user, concertId)).token }
}

describe('holding seats', () => {
  test('takes all of them or none', async () => {
    const [minji, jun] = [await admitted(), await admitted()]
    const held = await hold(minji.user, minji.token, date, [7, 8])
    expect(held).toMatchObject({ __typename: 'HoldSeatsPayload', price: 200, status: 'HELD' })
    const left = Date.parse(String(held.heldUntil)) - Date.now()
    expect(left).toBeGreaterThan(290_000)
    expect(left).toBeLessThanOrEqual(300_000)

    const refused = await hold(jun.user, jun.token, date, [8, 9, 7])
    expect(refused).toMatchObject({ __typename: 'SeatTaken', seatNumbers: [7, 8] })
    expect((await hold(jun.user, jun.token, date, [9])).__typename).toBe('HoldSeatsPayload')
  })

  test('extends the admission to the end of the hold', async () => {
    const { user, token } = await admitted()
    const held = await hold(user, token, date, [20])
    await expect
      .poll(async () => Date.parse((await statusOf(user, token)).until ?? ''))
      .toBeGreaterThanOrEqual(Date.parse(String(held.heldUntil)))
  })

  test('is limited to four seats per concert, over all its dates; cancelled holds do not count', async () => {
    const { user, token } = await admitted()
    await hold(user, token, date, [30, 31, 32])
    const held = await hold(user, token, secondDate, [1])
    const fifth = await hold(user, token, secondDate, [2])
    expect(fifth).toMatchObject({ __typename: 'SeatLimitExceeded', limit: 4 })
    expect((await cancel(user, held.id)).status).toBe('CANCELLED')
    expect((await hold(user, token, secondDate, [2])).__typename).toBe('HoldSeatsPayload')
  })

  test('with the same key returns the same hold; with other arguments the key is refused', async () => {
    const { user, token } = await admitted()
    const key = randomUUID()
    const held = await hold(user, token, date, [40, 41], key)
    expect(await hold(user, token, date, [41, 40], key)).toEqual(held)
    expect((await hold(user, token, date, [42], key)).__typename).toBe('IdempotencyKeyReused')
    expect((await cancel(user, held.id, key)).__typename).toBe('IdempotencyKeyReused')
    const other = await admitted()
    const theirs = await hold(other.user, other.token, date, [43], key)
    expect(theirs.__typename).toBe('HoldSeatsPayload')
  })

  test('with the same key repeats a refusal, even when the seat has become available', async () => {
    const [first, second] = [await admitted(), await admitted()]
    const held = await hold(first.user, first.token, date, [45])
    const key = randomUUID()
    expect((await hold(second.user, second.token, date, [45], key)).__typename).toBe('SeatTaken')
    await cancel(first.user, held.id)
    expect((await hold(second.user, second.token, date, [45], key)).__typename).toBe('SeatTaken')
    expect((await hold(second.user, second.token, date, [45])).__typename).toBe('HoldSeatsPayload')
  })

  test('is refused when the date has passed', async () => {
    const { user, token } = await admitted()
    const sale = await createSale(server)
    const ticket = await join(user, sale.concertId)
    const [gone = ''] = sale.performanceIds
    await letDatesPass(server.database, gone)
    expect((await hold(user, ticket.token, gone, [1])).__typename).toBe('SalesClosed')
    expect((await hold(user, token, date, [46])).__typename).toBe('HoldSeatsPayload')
  })
})

describe('a reservation', () => {
  test('is cancelled without a ticket; its seats are available at once, and it stays cancelled', async () => {
    const [first, second] = [await admitted(), await admitted()]
    const held = await hold(first.user, first.token, date, [10, 11])
    const key = randomUUID()
    const cancelled = await cancel(first.user, held.id, key)
    expect(cancelled).toMatchObject({
      __typename: 'CancelReservationPayload',
      id: held.id,
      status: 'CANCELLED',
    })
    expect((await hold(second.user, second.token, date, [10, 11])).__typename).toBe('HoldSeatsPayload')
    expect(await cancel(first.user, held.id, key)).toEqual(cancelled)
    expect((await cancel(first.user, held.id)).status).toBe('CANCELLED')
    expect((await pay(first.user, first.token, held.id)).__typename).toBe('HoldExpired')
  })

  test('cannot be cancelled once it is paid for', async () => {
    const { user, token } = await admitted()
    const held = await hold(user, token, date, [12])
    await charge(user, 100)
    const payment = await pay(user, token, held.id)
    expect(await cancel(user, held.id)).toMatchObject({ __typename: 'AlreadyPaid', paymentId: payment.id })
  })

  test('is found by its id and in the list of its owner, page by page', async () => {
    const { user, token } = await admitted()
    const ids: string[] = []
    for (const seat of [14, 15, 16]) ids.push((await hold(user, token, date, [seat])).id)
    const list = `query ($first: Int, $after: String) { reservations(first: $first, after: $after) {
      edges { node { id status performance { id } seats { number status } payment { id } } } pageInfo { endCursor hasNextPage }
    } }`
    interface List {
      reservations: {
        edges: { node: { id: string } }[]
        pageInfo: { endCursor: string; hasNextPage: boolean }
      }
    }
    const idsOf = ({ reservations }: List) => reservations.edges.map(({ node }) => node.id)
    const first = await user.request<List>(list, { first: 2 })
    expect(idsOf(first)).toEqual(ids.slice(0, 2))
    expect(first.reservations.edges[0]?.node).toEqual({
      id: ids[0],
      status: 'HELD',
      performance: { id: date },
      seats: [{ number: 14, status: 'HELD' }],
      payment: null,
    })
    const { endCursor } = first.reservations.pageInfo
    expect(idsOf(await user.request<List>(list, { first: 2, after: endCursor }))).toEqual(ids.slice(2))

    const one = 'query ($id: ID!) { reservation(id: $id) { id status } }'
    expect(await user.request(one, { id: ids[0] })).toEqual({ reservation: { id: ids[0], status: 'HELD' } })
    expect(errorCodeOf(await user.send(list, {}, { accessToken: undefined }))).toBe('UNAUTHENTICATED')
    const stranger = await server.user()
    expect(await stranger.request(one, { id: ids[0] })).toEqual({ reservation: null })
    expect(idsOf(await stranger.request<List>(list))).toEqual([])
  })
})
