import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { afterAll, beforeEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
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
import type { TestUser } from '../support/server.ts'
import { eventually } from '../support/eventually.ts'

/** A server that stays, and one that every test ends in another way. */
let cluster: Cluster
let ending: ServerProcess

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.start()
})
beforeEach(async () => {
  ending = await cluster.start()
})
afterAll(() => cluster.stop())

const on = (server: ServerProcess, user: TestUser): TestUser => ({
  ...user,
  ...cluster.clientOf(server, user),
})
const watch = (user: TestUser, queueToken: string) =>
  user.subscribe<{ queueTicketChanges: { status: Status } }>(
    'ws',
    `subscription { queueTicketChanges { status { ${statusFields} } } }`,
    {},
    { queueToken },
  )

/** A buyer who is in, with points and a hold, and two who wait. All of them talk to the server that stays. */
async function arrange() {
  const sale: Sale = await createSale(cluster, { capacity: 1 })
  const [buyer, next, last] = [await cluster.user(), await cluster.user(), await cluster.user()]
  const { token } = await join(buyer, sale.concertId)
  const held = await hold(buyer, token, sale.performanceIds[0] ?? '', [1])
  await charge(buyer, 100)
  const tokens = [await join(next, sale.concertId), await join(last, sale.concertId)] as const
  return { sale, buyer, token, held, next, nextToken: tokens[0].token, last, lastToken: tokens[1].token }
}

/** Runs `during` while the account is locked, so that whatever it pays for is under way and cannot go on. */
async function whileLocked<T>(user: TestUser, during: () => Promise<T>): Promise<T> {
  const { sql } = cluster.database
  return sql.begin(async (tx) => {
    await tx`select from accounts where user_id = ${user.uuid} for update`
    return during()
  }) as Promise<T>
}

const untilBlocked = () =>
  eventually(async () => {
    const blocked = await cluster.database.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    expect(blocked).toHaveLength(1)
  })

test('when a server is killed, who waited there goes on waiting on another, at the same place', async () => {
  const { buyer, token, held, last, lastToken, sale } = await arrange()
  const before = watch(on(ending, last), lastToken)
  expect((await before.next())?.queueTicketChanges.status).toMatchObject({ position: 2 })
  await ending.kill()
  await expect(before.until(() => false)).rejects.toThrow()
  const after = watch(last, lastToken)
  expect((await after.next())?.queueTicketChanges.status).toMatchObject({
    __typename: 'Waiting',
    position: 2,
  })
  expect((await join(last, sale.concertId)).token).toBe(lastToken)
  await pay(buyer, token, held.id)
  await after.until(({ queueTicketChanges: { status } }) => status.position === 1)
  await after.stop()
})

test('a payment whose server is killed is wholly there: others deliver its event, and a retry has its answer', async () => {
  const { buyer, token, held, next, nextToken } = await arrange()
  const key = randomUUID()
  await whileLocked(buyer, async () => {
    const lost = pay(on(ending, buyer), token, held.id, key).catch(() => 'lost')
    await untilBlocked()
    await ending.kill()
    expect(await lost).toBe('lost')
  })
  // The statement was already PostgreSQL's, which now commits it, with nobody left to hear of it.
  await eventually(async () => expect((await statusOf(next, nextToken)).__typename).toBe('Admitted'))
  expect(await pay(buyer, token, held.id, key)).toMatchObject({
    __typename: 'PayReservationPayload',
    amount: 100,
  })
  const { points } = await buyer.request<{ points: { balance: number } }>('{ points { balance } }')
  expect(points.balance).toBe(0)
})

test('a payment that was answered frees its slot within three seconds, though its server died right after', async () => {
  const { buyer, token, held, next, nextToken } = await arrange()
  await pay(on(ending, buyer), token, held.id)
  await ending.kill()
  await eventually(async () => expect((await statusOf(next, nextToken)).__typename).toBe('Admitted'))
})

test('a server that stops answers what is under way, and sends its subscribers elsewhere', async () => {
  const { buyer, token, held, next, nextToken } = await arrange()
  let seen = 0
  const closed = new Promise<unknown>((resolve) => {
    const client = createClient({
      url: ending.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${next.accessToken}`, 'x-queue-token': nextToken },
      retryAttempts: 0,
      on: { closed: resolve },
    })
    const query = `subscription { queueTicketChanges { status { ${statusFields} } } }`
    client.subscribe(
      { query },
      { next: () => (seen += 1), error: () => undefined, complete: () => undefined },
    )
  })
  await eventually(() => expect(seen).toBe(1))

  const [payment, exit] = await whileLocked(buyer, async () => {
    const paying = pay(on(ending, buyer), token, held.id)
    await untilBlocked()
    const exiting = ending.stop()
    expect(await closed).toMatchObject({ code: 1012 })
    await expect(fetch(ending.url.replace('graphql', 'live'))).rejects.toThrow()
    return [paying, exiting] as const
  }).then((both) => Promise.all(both))
  expect(payment).toMatchObject({ __typename: 'PayReservationPayload' })
  expect(exit).toBe(0)
  expect((await statusOf(next, nextToken)).__typename).toBe('Admitted')
})
