/** A store is away, and comes back. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVisitor, type Answer } from './faults/visitors.ts'
import {
  createLine,
  exactly,
  isBusy,
  positionsOf,
  seconds,
  setPaused,
  statusOf,
  timed,
  timeUntil,
  urlOf,
  type Line,
} from './recovery-line.ts'
import type { World } from './world/types.ts'

const PEOPLE = 200
const GIVE_UP_MS = 40_000
/** A server's deadlines (see src/app.ts and src/redis/connection.ts), and half a second for the way there and back. */
const POSTGRES_MS = 5_500
const REDIS_MS = 2_500

type Ask = (url: string) => Promise<Answer>

async function questions(world: World, concertId: string): Promise<{ charge: Ask; join: Ask }> {
  const visitor = await createVisitor(world)
  return {
    charge: (url) => visitor.ask(url, 'chargePoints', { input: { amount: 1, idempotencyKey: randomUUID() } }),
    join: (url) => visitor.ask(url, 'issueQueueToken', { input: { concertId } }),
  }
}

const everywhere = async (world: World, isSo: (url: string) => Promise<boolean>): Promise<boolean> =>
  (await Promise.all(world.servers.map((_, index) => isSo(urlOf(world, index))))).every(Boolean)

/** What the servers say while something that `ask` needs is away. */
async function whileAway(world: World, store: string, ask: Ask, limitMs: number): Promise<Line[]> {
  const answers = await Promise.all(world.servers.map((_, index) => timed(() => ask(urlOf(world, index)))))
  const live = await Promise.all(world.servers.map((server) => statusOf(server, '/live')))
  const ready = await Promise.all(world.servers.map((server) => statusOf(server, '/ready')))
  const health = await Promise.all(world.servers.map((server) => statusOf(server, '/health')))
  const count = world.servers.length
  return [
    seconds(`${store}: slowest answer`, Math.max(...answers.map(({ ms }) => ms)), limitMs),
    exactly(`${store}: OVERLOADED with retryAfterSeconds`, answers.filter(isBusy).length, count),
    exactly(`${store}: /live green`, live.filter((status) => status === 200).length, count),
    exactly(`${store}: /health red`, health.filter((status) => status === 503).length, count),
    exactly(`${store}: /ready green`, ready.filter((status) => status === 200).length, count),
  ]
}

/** PostgreSQL, stopped at once and then hung. */
export async function postgresComesBack(world: World): Promise<Line[]> {
  const { stand } = await createLine(world, 1)
  const { charge, join } = await questions(world, stand.concertId)
  const works = () => everywhere(world, async (url) => (await charge(url)).word === 'PointAccount')
  const lines: Line[] = []

  world.postgres.kill('SIGQUIT')
  await world.postgres.ended()
  await sleep(500)
  lines.push(...(await whileAway(world, 'PostgreSQL stopped', charge, POSTGRES_MS)))
  const joined = await timed(() => join(urlOf(world, 1)))
  lines.push(exactly('PostgreSQL stopped: joining goes on', Number(joined.word === 'QueueTicket'), 1))
  await sleep(8_000)
  await world.postgres.start()
  lines.push(seconds('PostgreSQL started → every server works', await timeUntil(works, GIVE_UP_MS), 5_000))

  world.postgres.kill('SIGSTOP')
  lines.push(...(await whileAway(world, 'PostgreSQL hung', charge, POSTGRES_MS)))
  await sleep(8_000)
  world.postgres.kill('SIGCONT')
  lines.push(seconds('PostgreSQL goes on → every server works', await timeUntil(works, GIVE_UP_MS), 5_000))
  return lines
}

/** Redis, killed and started with its append-only file, and then hung. */
export async function redisComesBack(world: World): Promise<Line[]> {
  const { stand, members } = await createLine(world, PEOPLE)
  const { charge, join } = await questions(world, stand.concertId)
  const works = () => everywhere(world, async (url) => (await join(url)).word === 'QueueTicket')
  const before = await positionsOf(world, members)
  const kept = async (what: string): Promise<Line> => {
    const after = await positionsOf(world, members)
    return exactly(what, after.filter((position, index) => position === before[index]).length, PEOPLE)
  }
  const lines: Line[] = []

  world.redis.kill('SIGKILL')
  await world.redis.ended()
  await sleep(500)
  lines.push(...(await whileAway(world, 'Redis killed', join, REDIS_MS)))
  const charged = await timed(() => charge(urlOf(world, 1)))
  lines.push(exactly('Redis killed: charging goes on', Number(charged.word === 'PointAccount'), 1))
  await sleep(5_000)
  await world.redis.start()
  lines.push(
    seconds('Redis back with its file → every server works', await timeUntil(works, GIVE_UP_MS), 5_000),
  )
  lines.push(await kept('Redis back with its file: places kept'))

  world.redis.kill('SIGSTOP')
  lines.push(...(await whileAway(world, 'Redis hung', join, REDIS_MS)))
  await sleep(8_000)
  world.redis.kill('SIGCONT')
  lines.push(seconds('Redis goes on → every server works', await timeUntil(works, GIVE_UP_MS), 5_000))
  lines.push(await kept('Redis goes on: places kept'))
  return lines
}

/** Redis comes back empty: everybody shows their ticket, and after the grace period it goes on in order. */
export async function redisComesBackEmpty(world: World): Promise<Line[]> {
  const { stand, members } = await createLine(world, PEOPLE)
  const before = await positionsOf(world, members)
  world.redis.kill('SIGKILL')
  await world.redis.ended()
  await world.redis.startEmpty()
  const began = performance.now()

  // Show all tickets, the last in line first: the order in which they come must not matter.
  const shown = async () => (await positionsOf(world, [...members].reverse())).reverse()
  await timeUntil(async () => (await shown()).every((position) => typeof position === 'number'), 5_000)
  const after = await shown()
  await setPaused(world, stand, false)
  const early = (await shown()).filter((position) => position === 'Admitted').length
  const isAdmitted = async () => (await shown())[0] === 'Admitted'
  await timeUntil(isAdmitted, GIVE_UP_MS)
  const admitted = await shown()
  const took = performance.now() - began
  const grace = Number(world.env.ABSENCE_GRACE_SECONDS) * 1_000
  return [
    exactly(
      'Redis back empty: tickets at their number',
      after.filter((position, index) => position === before[index]).length,
      PEOPLE,
    ),
    exactly('Redis back empty: let in before the grace period is over', early, 0),
    seconds('Redis back empty → the first is let in', took, grace + 5_000),
    exactly(
      'Redis back empty: the first five are let in, nobody else',
      admitted.filter((position, index) => (position === 'Admitted') === index < 5).length,
      PEOPLE,
    ),
  ]
}

/** The links of one server go half-open: whatever it had open is dead, and nobody says so. */
export async function linksGoDead(world: World): Promise<Line[]> {
  const { stand } = await createLine(world, 1)
  const { charge, join } = await questions(world, stand.concertId)
  const lines: Line[] = []
  const tries = [
    { kind: 'database', ask: charge, name: 'PostgreSQL', limit: POSTGRES_MS },
    { kind: 'redis', ask: join, name: 'Redis', limit: REDIS_MS },
  ] as const
  for (const { kind, ask, name, limit } of tries) {
    const link = world.links[kind][0]
    const many = () => Promise.all(Array.from({ length: 30 }, () => timed(() => ask(urlOf(world, 0)))))
    await many() // so that the pool has no connection left to open
    await link?.set({ drop: true })
    const answers = await many()
    lines.push(
      seconds(`link to ${name} dead: slowest answer`, Math.max(...answers.map(({ ms }) => ms)), limit),
    )
    lines.push(exactly(`link to ${name} dead: OVERLOADED`, answers.filter(isBusy).length, answers.length))
    await link?.mend()
    const works = async () =>
      (await many()).every(({ word }) => word === 'PointAccount' || word === 'QueueTicket')
    lines.push(
      seconds(`link to ${name} mended → every call works`, await timeUntil(works, GIVE_UP_MS), 15_000),
    )
  }
  return lines
}
