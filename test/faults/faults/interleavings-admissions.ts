/** Concurrent admissions on several servers. */
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { createKeys } from '../../../src/redis/keys.ts'
import { createTestConcert, createTestUser, joinQueue, type TestUser } from './users.ts'
import type { FaultCluster } from '../cluster/types.ts'

const CAPACITY = 3
const PEOPLE = 24
const ROUNDS = 6

/** Slots become free on all servers at once: admissions stay within the capacity and in order. */
export async function admissionsAtOnce(cluster: FaultCluster): Promise<void> {
  const testConcert = await createTestConcert(cluster, { capacity: CAPACITY })
  const url = (index: number): string => cluster.servers[index % cluster.servers.length]?.directUrl ?? ''
  const operator = await createTestUser(cluster, 'operator')
  const pause = (paused: boolean, index: number) =>
    operator.request(url(index), 'updateQueue', { input: { concertId: testConcert.concertId, paused } })
  await pause(true, 0)

  const queue: { user: TestUser; token: string }[] = []
  for (let index = 0; index < PEOPLE; index++) {
    const user = await createTestUser(cluster)
    queue.push({ user, token: await joinQueue(user, url(index), testConcert) })
  }
  const redis = new Redis(cluster.redisUrl)
  const key = `${createKeys(cluster.redisPrefix).concert(testConcert.concert)}:admitted`
  const monitor = { on: true }
  let most = 0
  const monitoring = (async () => {
    while (monitor.on) most = Math.max(most, await redis.zcard(key))
  })()
  try {
    await Promise.all(cluster.servers.map((_, index) => pause(false, index)))
    for (let round = 0; round < ROUNDS; round++) {
      const expected = queue.slice(round * CAPACITY, (round + 1) * CAPACITY)
      assert.deepEqual(
        (await redis.zrange(key, 0, -1)).sort(),
        expected.map(({ user }) => user.uuid).sort(),
        `admitted in round ${round}`,
      )
      await Promise.all(
        expected.map(({ user, token }, index) =>
          user.request(url(index), 'leaveQueue', { input: { token } }),
        ),
      )
    }
  } finally {
    monitor.on = false
    await monitoring
    redis.disconnect()
  }
  assert.ok(most <= CAPACITY, `${most} were admitted at once with a capacity of ${CAPACITY}`)
}
