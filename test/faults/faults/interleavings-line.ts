/** Admissions that happen at once on several servers. */
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import { createKeys } from '../../../src/redis/keys.ts'
import { createStand, createVisitor, enter, type Visitor } from './visitors.ts'
import type { World } from '../world/types.ts'

const CAPACITY = 3
const PEOPLE = 24
const ROUNDS = 6

/** Slots become free on all servers in the same moment: never more are let in than there is room for, in order. */
export async function admissionsAtOnce(world: World): Promise<void> {
  const stand = await createStand(world, { capacity: CAPACITY })
  const url = (index: number): string => world.servers[index % world.servers.length]?.directUrl ?? ''
  const operator = await createVisitor(world, 'operator')
  const pause = (paused: boolean, index: number) =>
    operator.ask(url(index), 'updateQueue', { input: { concertId: stand.concertId, paused } })
  await pause(true, 0)

  const line: { visitor: Visitor; token: string }[] = []
  for (let index = 0; index < PEOPLE; index++) {
    const visitor = await createVisitor(world)
    line.push({ visitor, token: await enter(visitor, url(index), stand) })
  }
  const redis = new Redis(world.redisUrl)
  const key = `${createKeys(world.redisPrefix).concert(stand.concert)}:admitted`
  const watch = { on: true }
  let most = 0
  const watched = (async () => {
    while (watch.on) most = Math.max(most, await redis.zcard(key))
  })()
  try {
    await Promise.all(world.servers.map((_, index) => pause(false, index)))
    for (let round = 0; round < ROUNDS; round++) {
      const expected = line.slice(round * CAPACITY, (round + 1) * CAPACITY)
      assert.deepEqual(
        (await redis.zrange(key, 0, -1)).sort(),
        expected.map(({ visitor }) => visitor.uuid).sort(),
        `who is in, in round ${round}`,
      )
      await Promise.all(
        expected.map(({ visitor, token }, index) =>
          visitor.ask(url(index), 'leaveQueue', { input: { token } }),
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
