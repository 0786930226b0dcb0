import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSale, join, statusOf, type Status } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { errorCodeOf, leaveQueue, updateQueue, statusSubscription } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ CLAIM_SECONDS: '1' })
})
afterAll(() => server.stop())

test('an unused admission goes to the next ticket', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const [absent, next] = [await server.user(), await server.user()]
  const unused = await join(absent, concertId)
  const { token } = await join(next, concertId)
  const stream = next.subscribe<{ queueTicketChanges: { status: Status } }>(
    'ws',
    statusSubscription,
    {},
    { queueToken: token },
  )
  await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted')
  expect(await statusOf(absent, unused.token)).toEqual({ __typename: 'Lapsed', reason: 'NOT_CLAIMED' })
  await stream.stop()
})

test('a paused queue says so and admits nobody until it is resumed', async () => {
  const { concertId, operator } = await createSale(server)
  const paused = await updateQueue(operator, { concertId, paused: true })
  expect(paused.data.updateQueue.queue).toMatchObject({ paused: true, capacity: 100, ratePerSecond: null })

  const user = await server.user()
  const { token, status } = await join(user, concertId)
  expect(status).toMatchObject({ __typename: 'Waiting', position: 1, paused: true })
  const stream = user.subscribe<{ queueTicketChanges: { status: Status } }>(
    'sse',
    statusSubscription,
    {},
    { queueToken: token },
  )
  expect((await stream.next())?.queueTicketChanges.status).toMatchObject({
    __typename: 'Waiting',
    paused: true,
  })

  await updateQueue(operator, { concertId, paused: false })
  expect(
    await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted'),
  ).not.toBeNull()
  await stream.stop()
})

test('more capacity admits the next tickets at once; less capacity ends no admission', async () => {
  const { concertId, operator } = await createSale(server, { capacity: 0 })
  const users = await Promise.all(Array.from({ length: 3 }, () => server.user()))
  const tokens: string[] = []
  for (const user of users) tokens.push((await join(user, concertId)).token)
  const statuses = () =>
    Promise.all(users.map(async (user, i) => (await statusOf(user, tokens[i] ?? '')).__typename))

  expect(await statuses()).toEqual(['Waiting', 'Waiting', 'Waiting'])
  const { data } = await updateQueue(operator, { concertId, capacity: 2 })
  expect(data.updateQueue.queue).toMatchObject({ capacity: 2, admittedCount: 2, waitingCount: 1 })
  expect(await statuses()).toEqual(['Admitted', 'Admitted', 'Waiting'])

  const less = await updateQueue(operator, { concertId, capacity: 1 })
  expect(less.data.updateQueue.queue).toMatchObject({ capacity: 1, admittedCount: 2, waitingCount: 1 })
  expect(await statuses()).toEqual(['Admitted', 'Admitted', 'Waiting'])
})

test('the wait is estimated from the admissions of the last minute, if there were any', async () => {
  const { concertId, operator } = await createSale(server, { capacity: 0 })
  const users = await Promise.all(Array.from({ length: 3 }, () => server.user()))
  const tickets = await Promise.all(users.map((user) => join(user, concertId)))
  const last = tickets.findIndex(({ status }) => status.position === 3)
  const status = () => statusOf(users[last] ?? operator, tickets[last]?.token ?? '')
  expect((await status()).estimatedWaitSeconds).toBeNull()
  await updateQueue(operator, { concertId, capacity: 1 })
  expect((await status()).estimatedWaitSeconds).toBeGreaterThan(0)
})

test('a rate can be set and lifted; only operators change a queue, and only an existing one', async () => {
  const { concertId, operator, performanceIds } = await createSale(server)
  const set = await updateQueue(operator, { concertId, ratePerSecond: 2.5 })
  expect(set.data.updateQueue.queue.ratePerSecond).toBe(2.5)
  const kept = await updateQueue(operator, { concertId, capacity: null, paused: null })
  expect(kept.data.updateQueue.queue).toMatchObject({ ratePerSecond: 2.5, capacity: 100, paused: false })
  const lifted = await updateQueue(operator, { concertId, ratePerSecond: null })
  expect(lifted.data.updateQueue.queue.ratePerSecond).toBeNull()

  expect(errorCodeOf(await updateQueue(await server.user(), { concertId, paused: true }))).toBe('FORBIDDEN')
  expect(errorCodeOf(await updateQueue(operator, { concertId: performanceIds[0] }))).toBe('BAD_INPUT')
  const unknown = Buffer.from('Concert:00000000-0000-4000-8000-000000000000').toString('base64')
  expect(errorCodeOf(await updateQueue(operator, { concertId: unknown, paused: true }))).toBe('NOT_FOUND')
})

test('a subscription sends Lapsed when its ticket is given up, and then completes', async () => {
  const { concertId } = await createSale(server, { capacity: 0 })
  const user = await server.user()
  const { token } = await join(user, concertId)
  const streams = (['ws', 'sse'] as const).map((transport) =>
    user.subscribe<{ queueTicketChanges: { status: Status } }>(
      transport,
      statusSubscription,
      {},
      { queueToken: token },
    ),
  )
  for (const stream of streams) expect((await stream.next())?.queueTicketChanges.status.position).toBe(1)
  await leaveQueue(user, token)
  for (const stream of streams) {
    expect((await stream.next())?.queueTicketChanges.status).toEqual({ __typename: 'Lapsed', reason: 'LEFT' })
    expect(await stream.next()).toBeNull()
    await stream.stop()
  }
})
