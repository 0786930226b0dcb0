/**
 * Another primary behind the same address, as managed services and proxies do it: the former one becomes a standby, and connections
 * that are open stay with it. Nothing is lost: what a failover loses is another kind of fault.
 */
import { standbyIsImpossible } from '../world/standbys.ts'
import type { Fault, Link, Standby, World } from '../world/types.ts'
import { about, insist, lasting } from './lasting.ts'
import { createStand, createVisitor, enter } from './visitors.ts'

const pointTo = (links: readonly Link[], port: number): void => links.forEach((link) => link.setTarget(port))

/** Runs with a standby, which hands back and goes in every case. */
async function withStandby(
  start: () => Promise<Standby>,
  run: (standby: Standby) => Promise<void>,
  restore: () => void,
): Promise<void> {
  const standby = await start()
  try {
    await run(standby)
  } finally {
    await insist(() => standby.handBack(restore))
    restore()
    await standby.close()
  }
}

/** The promise is 15 s; something else may be broken at the same time. */
const WORKING_MS_MAX = 30_000

// Both leave nothing behind that the checker would ask about: joining and leaving take no key.
/** Makes what tells whether every server writes to a store again. @throws Error when one of them does not in time */
async function createProbe(world: World, store: 'redis' | 'postgres', signal: AbortSignal) {
  let ask = (_url: string): Promise<string> => Promise.resolve('not made yet')
  await insist(async () => {
    const stand = await createStand(world)
    const visitor = await createVisitor(world)
    const token = await enter(visitor, world.servers[0]?.directUrl ?? '', stand)
    ask = async (url) => {
      const { word } =
        store === 'redis'
          ? await visitor.ask(url, 'issueQueueToken', { input: { concertId: stand.concertId } })
          : await visitor.ask(url, 'leaveQueue', { input: { token } })
      return word
    }
  })
  return async (): Promise<void> => {
    const deadline = Date.now() + WORKING_MS_MAX
    const working = store === 'redis' ? 'QueueTicket' : 'ok'
    for (const { index, directUrl } of world.servers) {
      for (let said = ''; said !== working && !signal.aborted;) {
        said = await ask(directUrl).catch(String)
        if (Date.now() > deadline) throw new Error(`server ${index} still says ${said} after the switchover`)
        await lasting(100, signal)
      }
    }
  }
}

const redisSwitchover: Fault = {
  name: 'Redis switched over',
  target: 'redis',
  run: async (world, random, signal) => {
    const { redis, redisUrl, links } = world
    const worksAgain = await createProbe(world, 'redis', signal)
    await withStandby(
      () => redis.startStandby(),
      async (standby) => {
        await standby.takeOver(() => pointTo(links.redis, standby.port))
        await worksAgain()
        await lasting(about(3_000, random), signal)
      },
      () => pointTo(links.redis, Number(new URL(redisUrl).port)),
    )
  },
}

const postgresSwitchover: Fault = {
  name: 'PostgreSQL switched over',
  target: 'postgres',
  impossible: standbyIsImpossible,
  run: async (world, random, signal) => {
    const { postgres, databaseUrl, links } = world
    const worksAgain = await createProbe(world, 'postgres', signal)
    await withStandby(
      () => postgres.startStandby(),
      async (standby) => {
        // For a while the address still leads to the former primary, which takes connections and refuses to write.
        await standby.takeOver(() => undefined)
        await lasting(about(2_000, random), signal)
        pointTo(links.database, standby.port)
        await worksAgain()
        await lasting(about(3_000, random), signal)
      },
      () => pointTo(links.database, Number(new URL(databaseUrl).port)),
    )
  },
}

/** Primaries that change places with their standbys. */
export const switchoverFaults: readonly Fault[] = [redisSwitchover, postgresSwitchover]
