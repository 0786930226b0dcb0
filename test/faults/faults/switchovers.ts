/**
 * Another primary behind the same address, as managed services and proxies do it: the former one becomes a standby, and open
 * connections stay with it. No data is lost, unlike in a failover.
 */
import { standbyUnsupported } from '../cluster/standbys.ts'
import type { Fault, Link, Standby, FaultCluster } from '../cluster/types.ts'
import { jittered, retry, delay } from './timing.ts'
import { createTestConcert, createTestUser, joinQueue } from './users.ts'

const setTargets = (links: readonly Link[], port: number): void =>
  links.forEach((link) => link.setTarget(port))

/** Runs with a standby; in every case it then switches back and removes the standby. */
async function withStandby(
  start: () => Promise<Standby>,
  run: (standby: Standby) => Promise<void>,
  restore: () => void,
): Promise<void> {
  const standby = await start()
  try {
    await run(standby)
  } finally {
    await retry(() => standby.switchBack(restore))
    restore()
    await standby.close()
  }
}

/** The limit is 15 s without other faults at the same time. */
const WORKING_MS_MAX = 30_000

/**
 * The probe waits until every server writes to a store again. Joining and leaving need no idempotency key, which the checker
 * would have to know. @throws when a server does not in time
 */
async function createProbe(cluster: FaultCluster, store: 'redis' | 'postgres', signal: AbortSignal) {
  let request = (_url: string): Promise<string> => Promise.resolve('not ready')
  await retry(async () => {
    const testConcert = await createTestConcert(cluster)
    const user = await createTestUser(cluster)
    const token = await joinQueue(user, cluster.servers[0]?.directUrl ?? '', testConcert)
    request = async (url) => {
      const { outcome } =
        store === 'redis'
          ? await user.request(url, 'issueQueueToken', { input: { concertId: testConcert.concertId } })
          : await user.request(url, 'leaveQueue', { input: { token } })
      return outcome
    }
  })
  return async (): Promise<void> => {
    const deadline = Date.now() + WORKING_MS_MAX
    for (const { index, directUrl } of cluster.servers) {
      for (let outcome = ''; outcome !== 'ok' && !signal.aborted;) {
        outcome = await request(directUrl).catch(String)
        if (Date.now() > deadline)
          throw new Error(`server ${index} still responds ${outcome} after the switchover`)
        await delay(100, signal)
      }
    }
  }
}

const redisSwitchover: Fault = {
  name: 'Redis switched over',
  target: 'redis',
  run: async (cluster, random, signal) => {
    const { redis, redisUrl, links } = cluster
    const worksAgain = await createProbe(cluster, 'redis', signal)
    await withStandby(
      () => redis.startStandby(),
      async (standby) => {
        await standby.switchOver(() => setTargets(links.redis, standby.port))
        await worksAgain()
        await delay(jittered(3_000, random), signal)
      },
      () => setTargets(links.redis, Number(new URL(redisUrl).port)),
    )
  },
}

const postgresSwitchover: Fault = {
  name: 'PostgreSQL switched over',
  target: 'postgres',
  unsupported: standbyUnsupported,
  run: async (cluster, random, signal) => {
    const { postgres, databaseUrl, links } = cluster
    const worksAgain = await createProbe(cluster, 'postgres', signal)
    await withStandby(
      () => postgres.startStandby(),
      async (standby) => {
        // For a while the address still leads to the former primary, which accepts connections and refuses writes.
        await standby.switchOver(() => undefined)
        await delay(jittered(2_000, random), signal)
        setTargets(links.database, standby.port)
        await worksAgain()
        await delay(jittered(3_000, random), signal)
      },
      () => setTargets(links.database, Number(new URL(databaseUrl).port)),
    )
  },
}

/** Primaries that switch roles with their standbys. */
export const switchoverFaults: readonly Fault[] = [redisSwitchover, postgresSwitchover]
