/** A store is unavailable, and recovers. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestUser, type Result } from '../faults/users.ts'
import {
  createQueue,
  atCount,
  isOverloaded,
  positionsOf,
  atMostMs,
  setPaused,
  statusOf,
  timed,
  timeUntil,
  urlOf,
  type Measurement,
} from './measurements.ts'
import type { FaultCluster } from '../cluster/types.ts'

const PEOPLE = 200
const GIVE_UP_MS = 40_000
/** A server's deadlines (see src/app.ts and src/redis/connection.ts), and half a second for the network. */
const POSTGRES_MS = 5_500
const REDIS_MS = 2_500

type Ask = (url: string) => Promise<Result>

async function createRequests(cluster: FaultCluster, concertId: string): Promise<{ charge: Ask; join: Ask }> {
  const user = await createTestUser(cluster)
  return {
    charge: (url) =>
      user.request(url, 'chargePoints', { input: { amount: 1, idempotencyKey: randomUUID() } }),
    join: (url) => user.request(url, 'issueQueueToken', { input: { concertId } }),
  }
}

const onEveryServer = async (
  cluster: FaultCluster,
  isSo: (url: string) => Promise<boolean>,
): Promise<boolean> =>
  (await Promise.all(cluster.servers.map((_, index) => isSo(urlOf(cluster, index))))).every(Boolean)

/** How the servers respond while a store that `ask` needs is unavailable. */
async function whileUnavailable(
  cluster: FaultCluster,
  store: string,
  ask: Ask,
  limitMs: number,
): Promise<Measurement[]> {
  const answers = await Promise.all(
    cluster.servers.map((_, index) => timed(() => ask(urlOf(cluster, index)))),
  )
  const live = await Promise.all(cluster.servers.map((server) => statusOf(server, '/live')))
  const ready = await Promise.all(cluster.servers.map((server) => statusOf(server, '/ready')))
  const health = await Promise.all(cluster.servers.map((server) => statusOf(server, '/health')))
  const count = cluster.servers.length
  return [
    atMostMs(`${store}: slowest response`, Math.max(...answers.map(({ ms }) => ms)), limitMs),
    atCount(`${store}: OVERLOADED with retryAfterSeconds`, answers.filter(isOverloaded).length, count),
    atCount(`${store}: /live green`, live.filter((status) => status === 200).length, count),
    atCount(`${store}: /health red`, health.filter((status) => status === 503).length, count),
    atCount(`${store}: /ready green`, ready.filter((status) => status === 200).length, count),
  ]
}

/** PostgreSQL, stopped at once and then hung. */
export async function postgresRecovers(cluster: FaultCluster): Promise<Measurement[]> {
  const { testConcert } = await createQueue(cluster, 1)
  const { charge, join } = await createRequests(cluster, testConcert.concertId)
  const works = () => onEveryServer(cluster, async (url) => (await charge(url)).outcome === 'ok')
  const measurements: Measurement[] = []

  cluster.postgres.kill('SIGQUIT')
  await cluster.postgres.ended()
  await sleep(500)
  measurements.push(...(await whileUnavailable(cluster, 'PostgreSQL stopped', charge, POSTGRES_MS)))
  const joined = await timed(() => join(urlOf(cluster, 1)))
  measurements.push(atCount('PostgreSQL stopped: joining goes on', Number(joined.outcome === 'ok'), 1))
  await sleep(8_000)
  await cluster.postgres.start()
  measurements.push(
    atMostMs('PostgreSQL started → every server works', await timeUntil(works, GIVE_UP_MS), 5_000),
  )

  cluster.postgres.kill('SIGSTOP')
  measurements.push(...(await whileUnavailable(cluster, 'PostgreSQL hung', charge, POSTGRES_MS)))
  await sleep(8_000)
  cluster.postgres.kill('SIGCONT')
  measurements.push(
    atMostMs('PostgreSQL goes on → every server works', await timeUntil(works, GIVE_UP_MS), 5_000),
  )
  return measurements
}

/** Redis, killed and started with its append-only file, and then hung. */
export async function redisRecovers(cluster: FaultCluster): Promise<Measurement[]> {
  const { testConcert, members } = await createQueue(cluster, PEOPLE)
  const { charge, join } = await createRequests(cluster, testConcert.concertId)
  const works = () => onEveryServer(cluster, async (url) => (await join(url)).outcome === 'ok')
  const before = await positionsOf(cluster, members)
  const kept = async (what: string): Promise<Measurement> => {
    const after = await positionsOf(cluster, members)
    return atCount(what, after.filter((position, index) => position === before[index]).length, PEOPLE)
  }
  const measurements: Measurement[] = []

  cluster.redis.kill('SIGKILL')
  await cluster.redis.ended()
  await sleep(500)
  measurements.push(...(await whileUnavailable(cluster, 'Redis killed', join, REDIS_MS)))
  const charged = await timed(() => charge(urlOf(cluster, 1)))
  measurements.push(atCount('Redis killed: charging goes on', Number(charged.outcome === 'ok'), 1))
  await sleep(5_000)
  await cluster.redis.start()
  measurements.push(
    atMostMs('Redis restarted with its file → every server works', await timeUntil(works, GIVE_UP_MS), 5_000),
  )
  measurements.push(await kept('Redis restarted with its file: positions kept'))

  cluster.redis.kill('SIGSTOP')
  measurements.push(...(await whileUnavailable(cluster, 'Redis hung', join, REDIS_MS)))
  await sleep(8_000)
  cluster.redis.kill('SIGCONT')
  measurements.push(atMostMs('Redis goes on → every server works', await timeUntil(works, GIVE_UP_MS), 5_000))
  measurements.push(await kept('Redis goes on: positions kept'))
  return measurements
}

/** After Redis restarts empty, users show their tickets, and after the grace period admission goes on in order. */
export async function redisRestartsEmpty(cluster: FaultCluster): Promise<Measurement[]> {
  const { testConcert, members } = await createQueue(cluster, PEOPLE)
  const before = await positionsOf(cluster, members)
  cluster.redis.kill('SIGKILL')
  await cluster.redis.ended()
  await cluster.redis.startEmpty()
  const began = performance.now()

  // The last in the queue first: the order must not matter.
  const shown = async () => (await positionsOf(cluster, [...members].reverse())).reverse()
  await timeUntil(async () => (await shown()).every((position) => typeof position === 'number'), 5_000)
  const after = await shown()
  await setPaused(cluster, testConcert, false)
  const early = (await shown()).filter((position) => position === 'Admitted').length
  const isAdmitted = async () => (await shown())[0] === 'Admitted'
  await timeUntil(isAdmitted, GIVE_UP_MS)
  const admitted = await shown()
  const took = performance.now() - began
  const grace = Number(cluster.env.ABSENCE_GRACE_SECONDS) * 1_000
  return [
    atCount(
      'Redis restarted empty: tickets at their number',
      after.filter((position, index) => position === before[index]).length,
      PEOPLE,
    ),
    atCount('Redis restarted empty: admitted during the grace period', early, 0),
    atMostMs('Redis restarted empty → first admission', took, grace + 5_000),
    atCount(
      'Redis restarted empty: exactly the first five are admitted',
      admitted.filter((position, index) => (position === 'Admitted') === index < 5).length,
      PEOPLE,
    ),
  ]
}

/** The links of one server go half-open: its connections are dead, without being closed. */
export async function linksBlackholed(cluster: FaultCluster): Promise<Measurement[]> {
  const { testConcert } = await createQueue(cluster, 1)
  const { charge, join } = await createRequests(cluster, testConcert.concertId)
  const measurements: Measurement[] = []
  const tries = [
    { kind: 'database', ask: charge, name: 'PostgreSQL', limit: POSTGRES_MS },
    { kind: 'redis', ask: join, name: 'Redis', limit: REDIS_MS },
  ] as const
  for (const { kind, ask, name, limit } of tries) {
    const link = cluster.links[kind][0]
    const many = () => Promise.all(Array.from({ length: 30 }, () => timed(() => ask(urlOf(cluster, 0)))))
    await many() // so that the pool has no connection left to open
    await link?.set({ drop: true })
    const answers = await many()
    measurements.push(
      atMostMs(`link to ${name} dead: slowest response`, Math.max(...answers.map(({ ms }) => ms)), limit),
    )
    measurements.push(
      atCount(`link to ${name} dead: OVERLOADED`, answers.filter(isOverloaded).length, answers.length),
    )
    await link?.restore()
    const works = async () => (await many()).every(({ outcome }) => outcome === 'ok')
    measurements.push(
      atMostMs(`link to ${name} restored → every call works`, await timeUntil(works, GIVE_UP_MS), 15_000),
    )
  }
  return measurements
}
