import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { eventually } from '../support/eventually.ts'
import { replicate, startRedisServer, type RedisServer } from '../support/redis-server.ts'
import {
  createQueueHarness,
  createRedisProxy,
  type Instance,
  type QueueHarness,
} from '../support/queue-harness.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'

/** The first comment of a script. ioredis sends the text the first time that it uses a script on a connection. */
function firstComment(script: 'open' | 'join'): string {
  const text = readFileSync(new URL(`../../src/queue/lua/${script}.lua`, import.meta.url), 'utf8')
  return /^-- .+$/m.exec(text)?.[0] ?? ''
}

/** Two instances on one Redis; the connections of the first can be cut, or get no answers. */
async function twoInstances(server: RedisServer) {
  const stage = createQueueHarness({ settings: { capacity: 0 } })
  const way = await createTcpProxy(server.url)
  onTestFinished(() => way.close())
  const [first, second] = [stage.instance(way.url), stage.instance(server.url)]
  await Promise.all([first.connection.ping(), second.connection.ping()])
  return { stage, way, first, second, meta: stage.key('meta') }
}

const joinMany = async ({ concertId }: QueueHarness, { queue }: Instance, count: number) =>
  Promise.all(Array.from({ length: count }, () => queue.join(concertId, randomUUID()))).then((joined) =>
    joined.map(({ ticket }) => ticket),
  )

const numbersOf = (tickets: readonly { number: number }[]): number[] => tickets.map(({ number }) => number)

test('a block whose opening was not answered is not used again after the data was lost', async () => {
  const server = await startRedisServer()
  const { stage, way, first, second, meta } = await twoInstances(server)
  const passed = way.withholdReplies(firstComment('open'))
  const unanswered = first.queue.join(stage.concertId, randomUUID()).catch((error: unknown) => error)
  await passed
  await eventually(async () => expect(await server.admin.hexists(meta, 'next')).toBe(1))
  const before = await joinMany(stage, second, 5)
  await server.kill()
  await server.start()
  way.cut()
  way.restore()
  expect(await unanswered).toMatchObject({ code: 'OVERLOADED' })
  await eventually(() => Promise.all([first, second].map(({ connection }) => connection.ping())))
  const after = [...(await joinMany(stage, second, 5)), ...(await joinMany(stage, first, 5))]
  const numbers = numbersOf([...before, ...after])
  expect(new Set(numbers).size).toBe(numbers.length)
  for (const ticket of before)
    expect(await second.queue.status(ticket)).toMatchObject({ kind: 'Waiting', position: ticket.number })
})

test('the first block of a concert, sent late or again, does not end a recovery', async () => {
  const server = await startRedisServer()
  const { stage, way, first, second, meta } = await twoInstances(server)
  const passed = way.withholdReplies(firstComment('open'))
  const unanswered = first.queue.join(stage.concertId, randomUUID()).catch((error: unknown) => error)
  await passed
  await eventually(async () => expect(await server.admin.hexists(meta, 'next')).toBe(1))
  const [waits] = await joinMany(stage, second, 1)
  await server.kill()
  await server.start()
  await eventually(() => second.queue.join(stage.concertId, randomUUID()))
  const recoveringUntil = Number(await server.admin.hget(meta, 'recovering_until'))
  expect(recoveringUntil).toBeGreaterThan(0)
  way.cut()
  way.restore()
  await unanswered
  await eventually(() => first.connection.ping())
  await first.queue.tick()
  if (waits) await first.queue.status(waits)
  expect(Number(await server.admin.hget(meta, 'recovering_until'))).toBe(recoveringUntil)
})

test('a join whose answer was lost is not sent again: whoever has left meanwhile does not stand in line again', async () => {
  const server = await startRedisServer()
  const { stage, way, first, second } = await twoInstances(server)
  await joinMany(stage, second, 1)
  const userId = randomUUID()
  const passed = way.withholdReplies(firstComment('join'))
  const unanswered = first.queue.join(stage.concertId, userId).catch((error: unknown) => error)
  await passed
  const found = await eventually(async () => {
    const one = await second.queue.find(stage.concertId, userId)
    expect(one).not.toBeNull()
    return one
  })
  if (found) await second.queue.leave(found.ticket)
  way.cut()
  way.restore()
  expect(await unanswered).toMatchObject({ code: 'OVERLOADED' })
  await eventually(() => first.connection.ping())
  expect(await first.queue.find(stage.concertId, userId)).toBeNull()
})

test('a call that has failed because there was no connection is not executed when there is one', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  way.blackhole()
  const { call, ping, redis, close } = connectRedis({ url: way.url, callMsMax: 300 })
  onTestFinished(() => close())
  const key = `test:${randomUUID()}`
  await expect(call(() => redis.incr(key))).rejects.toMatchObject({ code: 'OVERLOADED' })
  way.restore()
  await eventually(() => ping())
  expect(await call(() => redis.get(key))).toBeNull()
})

test('a call that is made while the connection comes back waits for it', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const { call, ping, redis, close } = connectRedis({ url: way.url })
  onTestFinished(() => close())
  await ping()
  const lost = new Promise((resolve) => redis.once('reconnecting', resolve))
  way.cut()
  way.restore()
  await lost
  expect(redis.status).not.toBe('ready')
  expect(await call(() => redis.ping())).toBe('PONG')
})

test('a block that was reserved for other data, or for another server, is refused', async () => {
  const [server, other] = [await startRedisServer({ appendonly: 'yes' }), await startRedisServer()]
  const stage = createQueueHarness()
  const { commands, connection } = stage.instance(server.url)
  const { concertId } = stage
  const reserve = async (first: number) => {
    const settings = { capacity: 0, ratePerSecond: null, paused: false, version: 1 }
    return {
      block: { first, last: first + 9, fresh: first === 1, settings },
      fence: await commands.fence(concertId),
    }
  }
  const openWith = ({ block, fence }: Awaited<ReturnType<typeof reserve>>) =>
    eventually(() => commands.open(concertId, block, fence))

  // All data is gone, and the server is the same.
  const flushed = await reserve(1)
  expect(await openWith(flushed)).toBe('OPENED')
  await server.admin.flushall()
  expect(await openWith(flushed)).toBe('FENCED')

  // A restart with what the file holds, as old as that may be.
  const restarted = await reserve(11)
  await server.kill()
  await server.start()
  await eventually(() => connection.ping())
  expect(await openWith(restarted)).toBe('FENCED')

  // It was a replica in between, and may have lost its last writes; its run id is still the same.
  const promoted = await reserve(21)
  expect(await openWith(promoted)).toBe('OPENED')
  await replicate(other, server)
  await other.admin.replicaof('NO', 'ONE')
  await replicate(server, other)
  await server.admin.replicaof('NO', 'ONE')
  await eventually(() => connection.ping())
  expect(await openWith(promoted)).toBe('FENCED')
  expect(await eventually(() => commands.join(concertId, [randomUUID()]))).toBe('BLOCK_SPENT')
  const next = await reserve(31)
  expect(await openWith(next)).toBe('OPENED')
  expect(await openWith(next)).toBe('KEPT')
  // The block before it comes late.
  expect(await openWith({ ...promoted, fence: next.fence })).toBe('KEPT')
})

test('asking about a concert that does not exist leaves nothing behind for long', async () => {
  const stage = createQueueHarness()
  stage.store.reserveNumbers = () => Promise.resolve(null)
  await expect(stage.joinNewUser()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await stage.connection.redis.pttl(stage.key('meta'))).toBeGreaterThan(0)
  const real = createQueueHarness()
  await real.joinNewUser()
  expect(await real.connection.redis.pttl(real.key('meta'))).toBe(-1)
})

test('no number is given out twice when a primary forgets its last second and is promoted again', async () => {
  const [a, b] = [await startRedisServer(), await startRedisServer()]
  await replicate(b, a)
  const way = await createTcpProxy(a.url)
  onTestFinished(() => way.close())
  const stage = createQueueHarness({ settings: { capacity: 0 } })
  const instance = stage.instance(way.url)
  const kept = await joinMany(stage, instance, 10)
  await eventually(async () => expect(await b.admin.zcard(stage.key('waiting'))).toBe(10))
  await b.admin.replicaof('NO', 'ONE')
  const forgotten = await joinMany(stage, instance, 10)
  await replicate(a, b)
  await a.admin.replicaof('NO', 'ONE')
  const late = await eventually(() => joinMany(stage, instance, 10))
  const numbers = numbersOf([...kept, ...forgotten, ...late])
  expect(new Set(numbers).size).toBe(30)
})
