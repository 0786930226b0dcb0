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
  ping,
} from '../support/queue-harness.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'

/** The first comment of a script. ioredis sends the text the first time that it uses a script on a connection. */
function firstComment(script: 'open' | 'join'): string {
  const text = readFileSync(new URL(`../../src/queue/lua/${script}.lua`, import.meta.url), 'utf8')
  return /^-- .+$/m.exec(text)?.[0] ?? ''
}

/** Two instances on one Redis; the connections of the first can be cut, or get no replies. */
async function twoInstances(server: RedisServer) {
  const harness = createQueueHarness({ settings: { capacity: 0 } })
  const proxy = await createTcpProxy(server.url)
  onTestFinished(() => proxy.close())
  const [first, second] = [harness.instance(proxy.url), harness.instance(server.url)]
  await Promise.all([ping(first.connection), ping(second.connection)])
  return { harness, proxy, first, second, meta: harness.key('meta') }
}

const joinMany = async ({ concertId }: QueueHarness, { queue }: Instance, count: number) =>
  Promise.all(Array.from({ length: count }, () => queue.join(concertId, randomUUID()))).then((joined) =>
    joined.map(({ ticket }) => ticket),
  )

const numbersOf = (tickets: readonly { number: number }[]): number[] => tickets.map(({ number }) => number)

test('a block that was sent to open, without a reply, is not used again after the data was lost', async () => {
  const server = await startRedisServer()
  const { harness, proxy, first, second, meta } = await twoInstances(server)
  const passed = proxy.withholdReplies(firstComment('open'))
  const unanswered = first.queue.join(harness.concertId, randomUUID()).catch((error: unknown) => error)
  await passed
  await eventually(async () => expect(await server.admin.hexists(meta, 'next')).toBe(1))
  const before = await joinMany(harness, second, 5)
  await server.kill()
  await server.start()
  proxy.cut()
  proxy.restore()
  expect(await unanswered).toMatchObject({ code: 'OVERLOADED' })
  await eventually(() => Promise.all([first, second].map(({ connection }) => ping(connection))))
  const after = [...(await joinMany(harness, second, 5)), ...(await joinMany(harness, first, 5))]
  const numbers = numbersOf([...before, ...after])
  expect(new Set(numbers).size).toBe(numbers.length)
  for (const ticket of before)
    expect(await second.queue.status(ticket)).toMatchObject({ kind: 'Waiting', position: ticket.number })
})

test('the first block of a concert, sent again later, does not end a recovery', async () => {
  const server = await startRedisServer()
  const { harness, proxy, first, second, meta } = await twoInstances(server)
  const passed = proxy.withholdReplies(firstComment('open'))
  const unanswered = first.queue.join(harness.concertId, randomUUID()).catch((error: unknown) => error)
  await passed
  await eventually(async () => expect(await server.admin.hexists(meta, 'next')).toBe(1))
  const [waits] = await joinMany(harness, second, 1)
  await server.kill()
  await server.start()
  await eventually(() => second.queue.join(harness.concertId, randomUUID()))
  const recoveringUntil = Number(await server.admin.hget(meta, 'recovering_until'))
  expect(recoveringUntil).toBeGreaterThan(0)
  proxy.cut()
  proxy.restore()
  await unanswered
  await eventually(() => ping(first.connection))
  await first.queue.tick()
  if (waits) await first.queue.status(waits)
  expect(Number(await server.admin.hget(meta, 'recovering_until'))).toBe(recoveringUntil)
})

test('a join whose reply was lost is not sent again, so a user who has left is not queued again', async () => {
  const server = await startRedisServer()
  const { harness, proxy, first, second } = await twoInstances(server)
  await joinMany(harness, second, 1)
  const userId = randomUUID()
  const passed = proxy.withholdReplies(firstComment('join'))
  const unanswered = first.queue.join(harness.concertId, userId).catch((error: unknown) => error)
  await passed
  const found = await eventually(async () => {
    const one = await second.queue.find(harness.concertId, userId)
    expect(one).not.toBeNull()
    return one
  })
  if (found) await second.queue.leave(found.ticket)
  proxy.cut()
  proxy.restore()
  expect(await unanswered).toMatchObject({ code: 'OVERLOADED' })
  await eventually(() => ping(first.connection))
  expect(await first.queue.find(harness.concertId, userId)).toBeNull()
})

test('a call that failed without a connection is not executed after the reconnect', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  proxy.blackhole()
  const { call, redis, close } = connectRedis({ url: proxy.url, callMsMax: 300 })
  onTestFinished(() => close())
  const key = `test:${randomUUID()}`
  await expect(call(() => redis.incr(key))).rejects.toMatchObject({ code: 'OVERLOADED' })
  proxy.restore()
  await eventually(() => call(() => redis.ping()))
  expect(await call(() => redis.get(key))).toBeNull()
})

test('a call during a reconnect waits for the connection', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const { call, redis, close } = connectRedis({ url: proxy.url })
  onTestFinished(() => close())
  await call(() => redis.ping())
  const lost = new Promise((resolve) => redis.once('reconnecting', resolve))
  proxy.cut()
  proxy.restore()
  await lost
  expect(redis.status).not.toBe('ready')
  expect(await call(() => redis.ping())).toBe('PONG')
})

test('a block that was reserved for earlier data, or another server, is fenced off', async () => {
  const [server, other] = [await startRedisServer({ appendonly: 'yes' }), await startRedisServer()]
  const harness = createQueueHarness()
  const { commands, connection } = harness.instance(server.url)
  const { concertId } = harness
  const reserve = async (first: number) => {
    const settings = { capacity: 0, ratePerSecond: null, paused: false, version: 1 }
    return {
      block: { first, last: first + 9, fresh: first === 1, settings },
      fence: await commands.fence(concertId),
    }
  }
  const openWith = ({ block, fence }: Awaited<ReturnType<typeof reserve>>) =>
    eventually(() => commands.open(concertId, block, fence))

  // All data is lost, on the same server.
  const flushed = await reserve(1)
  expect(await openWith(flushed)).toBe('OPENED')
  await server.admin.flushall()
  expect(await openWith(flushed)).toBe('FENCED')

  // A restart from the file, which may be old.
  const restarted = await reserve(11)
  await server.kill()
  await server.start()
  await eventually(() => ping(connection))
  expect(await openWith(restarted)).toBe('FENCED')

  // It was a replica in between, and may have lost its last writes; its run id is still the same.
  const promoted = await reserve(21)
  expect(await openWith(promoted)).toBe('OPENED')
  await replicate(other, server)
  await other.admin.replicaof('NO', 'ONE')
  await replicate(server, other)
  await server.admin.replicaof('NO', 'ONE')
  await eventually(() => ping(connection))
  expect(await openWith(promoted)).toBe('FENCED')
  expect(await eventually(() => commands.join(concertId, [randomUUID()]))).toBe('BLOCK_SPENT')
  const next = await reserve(31)
  expect(await openWith(next)).toBe('OPENED')
  expect(await openWith(next)).toBe('KEPT')
  // The block before it arrives late.
  expect(await openWith({ ...promoted, fence: next.fence })).toBe('KEPT')
})

test('a join to a concert that does not exist leaves only an expiring key', async () => {
  const harness = createQueueHarness()
  harness.store.reserveNumbers = () => Promise.resolve(null)
  await expect(harness.joinNewUser()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await harness.connection.redis.pttl(harness.key('meta'))).toBeGreaterThan(0)
  const real = createQueueHarness()
  await real.joinNewUser()
  expect(await real.connection.redis.pttl(real.key('meta'))).toBe(-1)
})

test('no number is issued twice when a primary loses its last writes and is promoted again', async () => {
  const [a, b] = [await startRedisServer(), await startRedisServer()]
  await replicate(b, a)
  const proxy = await createTcpProxy(a.url)
  onTestFinished(() => proxy.close())
  const harness = createQueueHarness({ settings: { capacity: 0 } })
  const instance = harness.instance(proxy.url)
  const kept = await joinMany(harness, instance, 10)
  await eventually(async () => expect(await b.admin.zcard(harness.key('waiting'))).toBe(10))
  await b.admin.replicaof('NO', 'ONE')
  const forgotten = await joinMany(harness, instance, 10)
  await replicate(a, b)
  await a.admin.replicaof('NO', 'ONE')
  const late = await eventually(() => joinMany(harness, instance, 10))
  const numbers = numbersOf([...kept, ...forgotten, ...late])
  expect(new Set(numbers).size).toBe(30)
})
