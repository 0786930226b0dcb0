import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { createKeys } from '../../src/redis/keys.ts'
import { expectInvariants } from '../support/invariants.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import {
  charge,
  createSale,
  hold,
  join,
  pay,
  statusFields,
  type Sale,
  type Status,
} from '../support/purchase.ts'
import { redisUrl } from '../support/queue-harness.ts'
import type { TestUser } from '../support/server.ts'

const BUYERS = 24
const SEATS = 10
const CAPACITY = 3

let cluster: Cluster
let servers: [ServerProcess, ServerProcess]
const connection = connectRedis({ url: redisUrl })

beforeAll(async () => {
  cluster = await startCluster()
  servers = await Promise.all([cluster.start(), cluster.start()])
})
afterAll(async () => {
  await cluster.stop()
  await connection.close()
})

interface Sample {
  admitted: number
  /** Ticket numbers: the last one that is in, and the first one that is not. */
  lastIn: number
  firstWaiting: number
}

/** Looks into Redis again and again, each time in one moment. */
function startSampling(concertId: string): { stop(): Promise<Sample[]> } {
  const uuid = Buffer.from(concertId, 'base64').toString().replace('Concert:', '')
  const root = createKeys(cluster.prefix).concert(uuid)
  const samples: Sample[] = []
  let stopped = false
  const look = async () => {
    while (!stopped) {
      const [admitted, admissions, waiting] = ((await connection.redis
        .multi()
        .zcard(`${root}:admitted`)
        .hvals(`${root}:admissions`)
        .zrange(`${root}:waiting`, 0, 0, 'WITHSCORES')
        .exec()) ?? []) as [[null, number], [null, string[]], [null, string[]]]
      const numbers = admissions[1].map((admission) => Number(admission.split(' ')[0]))
      samples.push({
        admitted: admitted[1],
        lastIn: Math.max(0, ...numbers),
        firstWaiting: Number(waiting[1][1] ?? Infinity),
      })
    }
    return samples
  }
  const looking = look()
  return {
    stop: () => {
      stopped = true
      return looking
    },
  }
}

/** Waits for their turn, and buys a seat while there are any. */
async function shop(user: TestUser, token: string, { performanceIds }: Sale): Promise<'bought' | 'left'> {
  const id = performanceIds[0] ?? ''
  const stream = user.subscribe<{ queueTicketChanges: { status: Status } }>(
    'ws',
    `subscription { queueTicketChanges { status { ${statusFields} } } }`,
    {},
    { queueToken: token },
  )
  await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted')
  await stream.stop()
  await charge(user, 100)
  for (;;) {
    const { performance } = await user.request<{ performance: { seats: { number: number }[] } }>(
      'query ($id: ID!) { performance(id: $id) { seats { number } } }',
      { id },
      { queueToken: token },
    )
    // Everybody wants the front row, so that they get in each other's way.
    const [seat] = performance.seats
    if (!seat) break
    const held = await hold(user, token, id, [seat.number])
    if (held.__typename !== 'HoldSeatsPayload') continue
    expect((await pay(user, token, held.id)).__typename).toBe('PayReservationPayload')
    return 'bought'
  }
  await user.request('mutation ($token: String!) { leaveQueue(input: { token: $token }) { __typename } }', {
    token,
  })
  return 'left'
}

test('many buyers over two servers: each seat is sold once, in order of the queue, and admissions stay within the capacity', async () => {
  const sale = await createSale(cluster, { capacity: 0, seatCount: SEATS })
  const queued: { user: TestUser; token: string }[] = []
  for (let n = 0; n < BUYERS; n++) {
    const user = await cluster.user()
    const server = servers[n % 2] ?? servers[0]
    const { token, status } = await join({ ...user, ...cluster.clientOf(server, user) }, sale.concertId)
    expect(status).toMatchObject({ __typename: 'Waiting', position: n + 1 })
    queued.push({ user, token })
  }

  const sampling = startSampling(sale.concertId)
  const shopping = queued.map(({ user, token }, n) =>
    shop({ ...user, ...cluster.clientOf(servers[(n >> 1) % 2] ?? servers[0], user) }, token, sale),
  )
  await sale.operator.request(
    'mutation ($input: UpdateQueueInput!) { updateQueue(input: $input) { queue { capacity } } }',
    { input: { concertId: sale.concertId, capacity: CAPACITY } },
  )
  const ends = await Promise.all(shopping)
  const samples = await sampling.stop()

  expect(ends.filter((end) => end === 'bought')).toHaveLength(SEATS)
  const { sql } = cluster.database
  expect(await sql`select from reservations where status = 'PAID'`).toHaveLength(SEATS)
  await expectInvariants(sql)
  expect(samples.length).toBeGreaterThan(50)
  expect(Math.max(...samples.map(({ admitted }) => admitted))).toBe(CAPACITY)
  expect(samples.filter(({ lastIn, firstWaiting }) => lastIn > firstWaiting)).toEqual([])
})
