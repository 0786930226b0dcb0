/** Admissions that happen at once on several servers. */
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { createKeys } from '../../../src/redis/keys.ts'
import { createTestConcert, createTestUser, joinQueue, type TestUser } from './users.ts'
import type { FaultCluster } from '../cluster/types.ts'

const CAPACITY = 3
const PEOPLE = 24
const ROUNDS = 6

/** Slots become free on all servers in the same moment: never more are let in than there is room for, in order. */
export async function admissionsAtOnce(cluster: FaultCluster): Promise<void> {
  const stand = await createTestConcert(cluster, { capacity: CAPACITY })
  const url = (index: number): string => cluster.servers[index % cluster.servers.length]?.directUrl ?? ''
  const operator = await createTestUser(cluster, 'operator')
  const pause = (paused: boolean, index: number) =>
    operator.request(url(index), 'updateQueue', { input: { concertId: stand.concertId, paused } })
  await pause(true, 0)

  const line: { visitor: TestUser; token: string }[] = []
  for (let index = 0; index < PEOPLE; index++) {
    const visitor = await createTestUser(cluster)
    line.push({ visitor, token: await joinQueue(visitor, url(index), stand) })
  }
  const redis = new Redis(cluster.redisUrl)
  const key = `${createKeys(cluster.redisPrefix).concert(stand.concert)}:admitted`
  const watch = { on: true }
  let most = 0
  const watched = (async () => {
    while (watch.on) most = Math.max(most, await redis.zcard(key))
  })()
  try {
    await Promise.all(cluster.servers.map((_, index) => pause(false, index)))
    for (let round = 0; round < ROUNDS; round++) {
      const expected = line.slice(round * CAPACITY, (round + 1) * CAPACITY)
      assert.deepEqual(
        (await redis.zrange(key, 0, -1)).sort(),
        expected.map(({ visitor }) => visitor.uuid).sort(),
        `who is in, in round ${round}`,
      )
      await Promise.all(
        expected.map(({ visitor, token }, index) =>
          visitor.request(url(index), 'leaveQueue', { input: { token } }),
        ),
      )
    }
  } finally {
    watch.on = false
    await watched
    redis.disconnect()
  }
  assert.ok(most <= CAPACITY, `${most} were in at once, and there is room for ${CAPACITY}`)
}
