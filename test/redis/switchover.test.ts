import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { createPubSub } from '../../src/redis/pubsub.ts'
import { replicate, startRedisServer } from '../support/redis-server.ts'
import { createQueueHarness } from '../support/queue-harness.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/eventually.ts'

const open = (url: string) => {
  const connection = connectRedis({ url, prefix: `test:${randomUUID()}` })
  onTestFinished(() => connection.close())
  return connection
}

test('the probe says whether a read and a write work, and why not', async () => {
  const server = await startRedisServer()
  const { probe, verify } = open(server.url)
  await verify()
  expect(await probe()).toEqual({ read: true, write: true })
  await server.admin.config('SET', 'maxmemory', '1')
  expect(await probe()).toEqual({ read: true, write: false, reason: 'Redis has reached its maxmemory.' })
  await server.admin.config('SET', 'maxmemory', '0')
  expect(await probe()).toEqual({ read: true, write: true })
  await server.kill()
  await eventually(async () => {
    expect(await probe()).toEqual({ read: false, write: false, reason: 'Redis does not answer.' })
  })
})

test('a Redis that cannot save its data refuses writes, and every call says that it is overloaded', async () => {
  const server = await startRedisServer({ save: '3600 1' })
  const stage = createQueueHarness()
  const { queue, connection } = stage.instance(server.url)
  await queue.join(stage.concertId, randomUUID())
  rmSync(server.directory, { recursive: true })
  await server.admin.bgsave()
  await eventually(async () => {
    expect(await connection.probe()).toEqual({
      read: true,
      write: false,
      reason: 'Redis refuses writes because it cannot save its data to disk.',
    })
  })
  await expect(queue.join(stage.concertId, randomUUID())).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('after a switchover behind one address calls work again, and what is published is heard', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  await replicate(second, first)
  const way = await createTcpProxy(first.url)
  onTestFinished(() => way.close())
  const connection = open(way.url)
  const { call, redis } = connection
  const pubsub = createPubSub({ connection })
  const performanceId = randomUUID()
  const heard = vi.fn()
  await pubsub.subscribeSeats(performanceId, heard)
  await call(() => redis.set('key', 1))

  await second.admin.replicaof('NO', 'ONE')
  way.setTarget(second.url)
  await replicate(first, second)

  await eventually(() => call(() => redis.set('key', 2)))
  expect(await second.admin.get('key')).toBe('2')
  await eventually(async () => expect(await channelsOf(second)).toContain(performanceId))
  // Nobody is left with the former primary.
  await eventually(async () => expect(await channelsOf(first)).toEqual(''))
  heard.mockClear()
  await pubsub.publishSeats(performanceId)
  await eventually(() => expect(heard).toHaveBeenCalled())
})

test('a demoted primary is noticed though nobody calls, and a replica is not used while the address leads to it', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  const way = await createTcpProxy(first.url)
  onTestFinished(() => way.close())
  const { redis, subscriber, probe, verify } = open(way.url)
  await verify()
  // Its primary cannot be reached: it would answer reads with old data for ever.
  await first.admin.replicaof('127.0.0.1', 1)
  await eventually(() => expect(redis.status).not.toBe('ready'))
  await eventually(async () => {
    expect(await probe()).toEqual({
      read: false,
      write: false,
      reason: 'REDIS_URL is the address of a read-only Redis replica: it has to be that of the primary.',
    })
  })
  way.setTarget(second.url)
  await eventually(async () => expect(await probe()).toEqual({ read: true, write: true }))
  await eventually(() => expect(subscriber.status).toBe('ready'))
})

test('a subscriber that is left behind with another server follows', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  const way = await createTcpProxy(first.url)
  onTestFinished(() => way.close())
  const connection = open(way.url)
  const { redis, call } = connection
  const pubsub = createPubSub({ connection })
  const performanceId = randomUUID()
  const heard = vi.fn()
  await pubsub.subscribeSeats(performanceId, heard)
  way.setTarget(second.url)
  // Only the connection for commands is lost: it leads to the second server now, and both are primaries.
  await first.admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await eventually(() => call(() => redis.ping()))
  await eventually(async () => expect(await channelsOf(second)).toContain(performanceId))
  await pubsub.publishSeats(performanceId)
  await eventually(() => expect(heard).toHaveBeenCalled())
})

const channelsOf = async ({ admin }: Awaited<ReturnType<typeof startRedisServer>>): Promise<string> =>
  ((await admin.pubsub('CHANNELS')) as string[]).join(' ')
