/** Whatever ends a ticket, its subscription to seats ends with the seats as they are then. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeys } from '../../src/redis/keys.ts'
import { letHoldLapse, uuidOf } from '../support/arrange.ts'
import { cancel, leaveQueue, seatSubscription, type Seat } from '../support/operations.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'

let server: TestServer
let redis: Redis
beforeAll(async () => {
  server = await startServer()
  redis = new Redis(server.config.redisUrl)
})
afterAll(async () => {
  await redis.quit()
  await server.stop()
})

interface Buyer {
  user: TestUser
  token: string
  concertId: string
  performanceId: string
}

/** Holds seats and pays for them. */
async function buy({ user, token, performanceId }: Buyer, seatNumbers: number[]): Promise<void> {
  const { id } = await hold(user, token, performanceId, seatNumbers)
  await charge(user, seatNumbers.length * 100)
  expect(await pay(user, token, id)).toMatchObject({ __typename: 'PayReservationPayload' })
}

/** Cancels a hold without a message to the servers. */
async function cancelSilently(user: TestUser, reservationId: string): Promise<void> {
  const id = uuidOf(reservationId)
  await server.database.sql.begin(async (sql) => {
    await sql`select cancel_reservation(${user.uuid}, ${randomUUID()}, ${id})`
    expect(await sql`delete from outbox where data ->> 'reservationId' = ${id} returning id`).toHaveLength(1)
  })
}

/** What comes before the end of the ticket; it returns what ends the ticket. */
type Way = (buyer: Buyer) => Promise<() => Promise<unknown>>

test.each<[string, Way]>([
  ['a payment', (buyer) => Promise.resolve(() => buy(buyer, [1]))],
  [
    'a cancelled hold, after a payment',
    async (buyer) => {
      const { id } = await hold(buyer.user, buyer.token, buyer.performanceId, [2])
      await buy(buyer, [1])
      return () => cancel(buyer.user, id)
    },
  ],
  [
    'a lapsed hold, after a payment',
    async (buyer) => {
      const { id } = await hold(buyer.user, buyer.token, buyer.performanceId, [2])
      await buy(buyer, [1])
      return () => letHoldLapse(server.database, id)
    },
  ],
  [
    'leaving the queue with a hold',
    async ({ user, token, performanceId }) => {
      await hold(user, token, performanceId, [1])
      return () => leaveQueue(user, token)
    },
  ],
  [
    'the end of its admission',
    ({ user, concertId }) => {
      const key = `${createKeys(server.config.redisPrefix).concert(uuidOf(concertId))}:admitted`
      return Promise.resolve(() => redis.zadd(key, 'XX', 1, user.uuid))
    },
  ],
])('%s: the last change of the seats comes before the end of the stream', async (_, prepare) => {
  const { concertId, performanceIds, operator } = await createSale(server, { seatCount: 3 })
  const [performanceId = ''] = performanceIds
  const [user, other] = [await server.user(), await server.user()]
  const { token } = await join(user, concertId)
  const held = await hold(other, (await join(other, concertId)).token, performanceId, [3])
  const end = await prepare({ user, token, concertId, performanceId })
  const stream = user.subscribe<{ seatChanges: { seats: Seat[] } }>(
    'ws',
    seatSubscription,
    { id: performanceId },
    { queueToken: token },
  )
  const statuses: string[] = []
  const receive = async (): Promise<boolean> => {
    const message = await stream.next()
    for (const { number, status } of message?.seatChanges.seats ?? []) statuses[number - 1] = status
    return message !== null
  }
  await receive()
  expect(statuses[2]).toBe('HELD')

  // Only the last read finds this change.
  await cancelSilently(other, held.id)
  await end()
  while (await receive());
  const { performance } = await operator.request<{ performance: { seats: Seat[] } }>(
    'query ($id: ID!) { performance(id: $id) { seats(status: null) { number status } } }',
    { id: performanceId },
  )
  expect(statuses).toEqual(performance.seats.map(({ status }) => status))
  expect(statuses[2]).toBe('AVAILABLE')
})
