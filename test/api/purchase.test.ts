import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  charge,
  createSale,
  hold,
  join,
  pay,
  statusFields,
  statusOf,
  type Sale,
  type Status,
} from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let sale: Sale

beforeAll(async () => {
  server = await startServer()
  sale = await createSale(server, { capacity: 1, dates: 3 })
})
afterAll(() => server.stop())

test('a buyer goes from the queue to a paid seat, and the next in line is admitted', async () => {
  const [minji, jun] = [await server.user(), await server.user()]

  const first = await join(minji, sale.concertId)
  expect(first.status.__typename).toBe('Admitted')
  const second = await join(jun, sale.concertId)
  expect(second.status).toMatchObject({ __typename: 'Waiting', position: 1, paused: false })

  const watched = (['ws', 'sse'] as const).map((transport) =>
    jun.subscribe<{ queueTicketChanges: { status: Status } }>(
      transport,
      `subscription { queueTicketChanges { status { ${statusFields} } } }`,
      {},
      { queueToken: second.token },
    ),
  )
  for (const stream of watched) {
    expect((await stream.next())?.queueTicketChanges.status).toMatchObject({
      __typename: 'Waiting',
      position: 1,
    })
  }

  const { performances } = await minji.request<{
    performances: { id: string; seats: { number: number }[] }[]
  }>(
    `query ($id: ID!) { performances(concertId: $id) { id startsAt availableSeatCount seats { number price } } }`,
    { id: sale.concertId },
    { queueToken: first.token },
  )
  expect(performances).toHaveLength(3)
  expect(performances[0]?.seats.map((seat) => seat.number)).toEqual(
    Array.from({ length: 50 }, (_, i) => i + 1),
  )

  const held = await hold(minji, first.token, performances[0]?.id ?? '', [7, 8])
  expect(held).toMatchObject({ __typename: 'HoldSeatsPayload', price: 200, status: 'HELD' })

  expect(await pay(minji, first.token, held.id)).toMatchObject({
    __typename: 'InsufficientPoints',
    balance: 0,
    price: 200,
  })
  expect(await charge(minji, 1_000)).toMatchObject({ balance: 1_000, userId: minji.id })
  expect(await pay(minji, first.token, held.id)).toMatchObject({
    __typename: 'PayReservationPayload',
    amount: 200,
    reservation: {
      status: 'PAID',
      seats: [
        { number: 7, status: 'SOLD' },
        { number: 8, status: 'SOLD' },
      ],
    },
  })

  for (const stream of watched) {
    const admitted = await stream.until(
      ({ queueTicketChanges: { status } }) => status.__typename === 'Admitted',
    )
    expect(admitted?.queueTicketChanges.status.until).toBeDefined()
    await stream.stop()
  }
  expect((await statusOf(minji, first.token)).__typename).toBe('Finished')
  const { points } = await minji.request<{ points: { balance: number } }>('{ points { balance } }')
  expect(points.balance).toBe(800)
})
