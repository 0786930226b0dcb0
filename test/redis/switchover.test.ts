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

test('the probe reports whether a read and a write work, and why not', async () => {
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

test('calls to a Redis that cannot save its data fail as overloaded', async () => {
  const server = await startRedisServer({ save: '3600 1' })
  const harness = createQueueHarness()
  const { queue, connection } = harness.instance(server.url)
  await queue.join(harness.concertId, randomUUID())
  rmSync(server.directory, { recursive: true })
  await server.admin.bgsave()
  await eventually(async () => {
    expect(await connection.probe()).toEqual({
      read: true,
      write: false,
      reason: 'Redis refuses writes because it cannot save its data to disk.',
    })
  })
  await expect(queue.join(harness.concertId, randomUUID())).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('after a switchover behind one address, calls and messages work again', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  await replicate(second, first)
  const proxy = await createTcpProxy(first.url)
  onTestFinished(() => proxy.close())
  const connection = open(proxy.url)
  const { call, redis } = connection
  const pubsub = createPubSub({ connection })
  const performanceId = randomUUID()
  const onChange = vi.fn()
  await pubsub.subscribeSeats(performanceId, onChange)
  await call(() => redis.set('key', 1))

  await second.admin.replicaof('NO', 'ONE')
  proxy.setTarget(second.url)
  await replicate(first, second)

  await eventually(() => call(() => redis.set('key', 2)))
  expect(await second.admin.get('key')).toBe('2')
  await eventually(async () => expect(await channelsOf(second)).toContain(performanceId))
  // No subscription is left on the former primary.
  await eventually(async () => expect(await channelsOf(first)).toEqual(''))
  onChange.mockClear()
  await pubsub.publishSeats(performanceId)
  await eventually(() => expect(onChange).toHaveBeenCalled())
})

test('a demoted primary is detected without calls, and not used while the address leads to it', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  const proxy = await createTcpProxy(first.url)
  onTestFinished(() => proxy.close())
  const { redis, subscriber, probe, verify } = open(proxy.url)
  await verify()
  // Its primary cannot be reached: it would serve old data for ever.
  await first.admin.replicaof('127.0.0.1', 1)
  await eventually(() => expect(redis.status).not.toBe('ready'))
  await eventually(async () => {
    expect(await probe()).toEqual({
      read: false,
      write: false,
      reason: 'REDIS_URL is the address of a read-only Redis replica: it has to be that of the primary.',
    })
  })
  proxy.setTarget(second.url)
  await eventually(async () => expect(await probe()).toEqual({ read: true, write: true }))
  await eventually(() => expect(subscriber.status).toBe('ready'))
})

test('a subscriber connection left on another server follows the connection for commands', async () => {
  const [first, second] = [await startRedisServer(), await startRedisServer()]
  const proxy = await createTcpProxy(first.url)
  onTestFinished(() => proxy.close())
  const connection = open(proxy.url)
  const { redis, call } = connection
  const pubsub = createPubSub({ connection })
  const performanceId = randomUUID()
  const onChange = vi.fn()
  await pubsub.subscribeSeats(performanceId, onChange)
  proxy.setTarget(second.url)
  // Only the connection for commands is lost: it leads to the second server now, and both are primaries.
  await first.admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await eventually(() => call(() => redis.ping()))
  await eventually(async () => expect(await channelsOf(second)).toContain(performanceId))
  await pubsub.publishSeats(performanceId)
  await eventually(() => expect(onChange).toHaveBeenCalled())
})

const channelsOf = async ({ admin }: Awaited<ReturnType<typeof startRedisServer>>): Promise<string> =>
  ((await admin.pubsub('CHANNELS')) as string[]).join(' ')
