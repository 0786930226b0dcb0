import { afterAll, beforeAll, expect, test } from 'vitest'
import { charge, createSale, hold, join, pay, statusOf, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { cancel, leaveQueue } from '../support/operations.ts'
import { eventually } from '../support/eventually.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function enter({ concertId }: Sale) {
  const user = await server.user()
  return { user, token: (await join(user, concertId)).token }
}

test('leaving the queue releases the held seats, so the capacity limits the holds', async () => {
  const sale = await createSale(server, { capacity: 1 })
  const [date = ''] = sale.performanceIds
  const [first, second] = [await enter(sale), await enter(sale)]
  const held = await hold(first.user, first.token, date, [1, 2, 3, 4])
  const left = await leaveQueue(first.user, first.token)
  expect(left.data.leaveQueue.ticket.status).toMatchObject({ __typename: 'Lapsed', reason: 'LEFT' })
  expect(await hold(second.user, second.token, date, [1, 2, 3, 4])).toMatchObject({
    __typename: 'HoldSeatsPayload',
  })
  await charge(first.user, 1_000)
  expect(await pay(first.user, first.token, held.id)).toMatchObject({ __typename: 'HoldExpired' })
})

test('after a payment the ticket is spent as soon as the other hold is cancelled', async () => {
  const sale = await createSale(server, { capacity: 1 })
  const [date = ''] = sale.performanceIds
  const [first, second] = [await enter(sale), await enter(sale)]
  await charge(first.user, 1_000)
  const [one, other] = [
    await hold(first.user, first.token, date, [1]),
    await hold(first.user, first.token, date, [2]),
  ]
  expect(await pay(first.user, first.token, one.id)).toMatchObject({ __typename: 'PayReservationPayload' })
  expect(await statusOf(second.user, second.token)).toMatchObject({ __typename: 'Waiting' })
  await cancel(first.user, other.id)
  await eventually(async () =>
    expect(await statusOf(second.user, second.token)).toMatchObject({ __typename: 'Admitted' }),
  )
  expect(await statusOf(first.user, first.token)).toMatchObject({ __typename: 'Finished' })
})
