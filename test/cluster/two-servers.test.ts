import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import {
  charge,
  createSale,
  hold,
  join,
  pay,
  statusFields,
  statusOf,
  type Status,
} from '../support/purchase.ts'
import type { TestUser } from '../support/server.ts'
import { eventually } from '../support/eventually.ts'

/** Two servers on the same stores. Nobody can tell which of them they talk to. */
let cluster: Cluster
let near: ServerProcess
let far: ServerProcess

beforeAll(async () => {
  cluster = await startCluster()
  ;[near, far] = await Promise.all([cluster.start(), cluster.start()])
})
afterAll(() => cluster.stop())

/** The same person, on either server. */
async function person(): Promise<{ near: TestUser; far: TestUser }> {
  const user = await cluster.user()
  return {
    near: { ...user, ...cluster.clientOf(near, user) },
    far: { ...user, ...cluster.clientOf(far, user) },
  }
}

test('who waits on one server is let in by a payment on the other', async () => {
  const sale = await createSale(cluster, { capacity: 1 })
  const [buyer, waiter] = [await person(), await person()]
  const { token } = await join(buyer.near, sale.concertId)
  const waiting = await join(waiter.far, sale.concertId)
  const stream = waiter.far.subscribe<{ queueTicketChanges: { status: Status } }>(
    'ws',
    `subscription { queueTicketChanges { status { ${statusFields} } } }`,
    {},
    { queueToken: waiting.token },
  )
  expect((await stream.next())?.queueTicketChanges.status).toMatchObject({
    __typename: 'Waiting',
    position: 1,
  })
  const held = await hold(buyer.near, token, sale.performanceIds[0] ?? '', [1])
  await charge(buyer.far, 100)
  expect(await pay(buyer.near, token, held.id)).toMatchObject({ __typename: 'PayReservationPayload' })
  expect(
    await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted'),
  ).not.toBeNull()
  await stream.stop()
  expect(await statusOf(buyer.far, token)).toMatchObject({ __typename: 'Finished' })
})

test('joining on either server is the same place', async () => {
  const sale = await createSale(cluster, { capacity: 0 })
  const [first, second] = [await person(), await person()]
  const tickets = [
    await join(first.near, sale.concertId),
    await join(second.far, sale.concertId),
    await join(first.far, sale.concertId),
    await join(second.near, sale.concertId),
  ]
  expect(tickets.map(({ status }) => status.position)).toEqual([1, 2, 1, 2])
  expect(await statusOf(first.far, tickets[0]?.token ?? '')).toMatchObject({ position: 1 })
})

test('a hold on one server is seen by who watches the seats on the other', async () => {
  const sale = await createSale(cluster)
  const [performanceId] = sale.performanceIds as [string]
  const [watcher, buyer] = [await person(), await person()]
  const { token: queueToken } = await join(watcher.near, sale.concertId)
  const stream = watcher.near.subscribe<{ seatChanges: { snapshot: boolean; seats: object[] } }>(
    'ws',
    'subscription ($id: ID!) { seatChanges(performanceId: $id) { snapshot seats { number status } } }',
    { id: performanceId },
    { queueToken },
  )
  expect((await stream.next())?.seatChanges).toMatchObject({ snapshot: true })
  const { token } = await join(buyer.far, sale.concertId)
  await hold(buyer.far, token, performanceId, [3, 4])
  expect((await stream.next())?.seatChanges).toEqual({
    snapshot: false,
    seats: [
      { number: 3, status: 'HELD' },
      { number: 4, status: 'HELD' },
    ],
  })
  await stream.stop()
})

test('what an operator changes on one server is in force on the other at once', async () => {
  const sale = await createSale(cluster, { capacity: 0 })
  const operator = cluster.clientOf(far, sale.operator)
  const update = (change: object) =>
    operator.request(
      'mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { queue { capacity paused } } }',
      {
        input: { concertId: sale.concertId, ...change },
      },
    )
  const [first, second, third] = [await person(), await person(), await person()]
  const { token } = await join(first.near, sale.concertId)
  await update({ capacity: 1 })
  expect(await statusOf(first.near, token)).toMatchObject({ __typename: 'Admitted' })
  await update({ capacity: 10, paused: true })
  const paused = await join(second.near, sale.concertId)
  expect(paused.status).toMatchObject({ __typename: 'Waiting', paused: true })
  await update({ paused: false })
  expect((await join(third.near, sale.concertId)).status).toMatchObject({ __typename: 'Admitted' })
})

test('a request that is sent again to the other server has the same answer and no second effect', async () => {
  const sale = await createSale(cluster)
  const buyer = await person()
  const { token } = await join(buyer.near, sale.concertId)
  const [chargeKey, holdKey, payKey] = [randomUUID(), randomUUID(), randomUUID()]
  const charged = await Promise.all([buyer.near, buyer.far].map((user) => charge(user, 300, chargeKey)))
  expect(charged).toMatchObject([{ balance: 300 }, { balance: 300 }])
  const holds = await Promise.all(
    [buyer.near, buyer.far].map((user) => hold(user, token, sale.performanceIds[0] ?? '', [5], holdKey)),
  )
  expect(holds[1]).toEqual(holds[0])
  const payments = await Promise.all(
    [buyer.near, buyer.far].map((user) => pay(user, token, holds[0]?.id ?? '', payKey)),
  )
  expect(payments[0]).toMatchObject({ __typename: 'PayReservationPayload' })
  expect(payments[1]).toEqual(payments[0])
  await eventually(async () => expect((await statusOf(buyer.far, token)).__typename).toBe('Finished'))
})
