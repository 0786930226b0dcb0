import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { createEventStream } from '../../src/redis/event-stream.ts'
import { createPubSub } from '../../src/redis/pubsub.ts'
import { createQueueHarness, createRedisProxy, redisUrl, ping } from '../support/queue-harness.ts'
import { eventually } from '../support/eventually.ts'

const open = (options: Partial<Parameters<typeof connectRedis>[0]> = {}) => {
  const connection = connectRedis({ url: redisUrl, ...options })
  onTestFinished(() => connection.close())
  return connection
}

test('a call beyond the limit is refused at once, others are not', async () => {
  const { call, redis } = open({ callsMax: 2 })
  const calls = await Promise.allSettled([1, 2, 3].map(() => call(() => redis.ping())))
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(calls[2]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfterSeconds: 1 } })
})

test('a call that takes too long fails', async () => {
  const { call, redis } = open({ callMsMax: 50 })
  await expect(call(() => redis.blpop(randomUUID(), 10))).rejects.toMatchObject({ code: 'OVERLOADED' })
  // Also one that waits before it sends a command.
  await expect(call(() => new Promise(() => undefined))).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('an error in a script is reported as a bug, not as overload', async () => {
  const { call, redis } = open()
  const failed = call(() => redis.eval('return nothing.at.all', 0))
  await expect(failed).rejects.toThrow('nothing')
  await expect(failed).rejects.not.toHaveProperty('code')
})

test('without Redis calls fail in time, and closing works', async () => {
  const errors: Error[] = []
  const connection = open({
    url: 'redis://127.0.0.1:1',
    callMsMax: 200,
    onError: (error) => errors.push(error),
  })
  await expect(ping(connection)).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(errors).not.toHaveLength(0)
  const subscribing = createPubSub({ connection }).subscribeSeats(randomUUID(), () => undefined)
  await connection.close()
  await connection.close()
  void subscribing
})

test('a call fails while Redis is away, and works when it is back', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const connection = open({ url: proxy.url })
  await ping(connection)
  proxy.cut()
  await expect(ping(connection)).rejects.toMatchObject({ code: 'OVERLOADED' })
  proxy.restore()
  await eventually(() => ping(connection))
})

test('only subscribers of a performance receive its messages', async () => {
  const harness = createQueueHarness()
  const { pubsub } = harness
  const other = harness.instance()
  const [mine, theirs] = [vi.fn(), vi.fn()]
  const performanceId = randomUUID()
  const stop = await pubsub.subscribeSeats(performanceId, mine)
  await pubsub.subscribeSeats(randomUUID(), theirs)
  await other.pubsub.publishSeats(performanceId)
  await eventually(() => expect(mine).toHaveBeenCalledTimes(1))
  stop()
  stop()
  const again = vi.fn()
  await pubsub.subscribeSeats(performanceId, again)
  await other.pubsub.publishSeats(performanceId)
  await eventually(() => expect(again).toHaveBeenCalledTimes(1))
  expect(mine).toHaveBeenCalledTimes(1)
  expect(theirs).not.toHaveBeenCalled()
})

test('after a lost connection every subscriber is called once, and receives messages again', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const harness = createQueueHarness()
  const { pubsub } = harness.instance(proxy.url)
  const [seats, queue] = [vi.fn(), vi.fn()]
  const performanceId = randomUUID()
  await pubsub.subscribeSeats(performanceId, seats)
  await pubsub.subscribeQueue(harness.concertId, queue)
  proxy.cut()
  await harness.pubsub.publishSeats(performanceId)
  proxy.restore()
  await eventually(() => expect(seats).toHaveBeenCalledTimes(1))
  expect(queue.mock.calls).toEqual([[null]])
  await harness.pubsub.publishSeats(performanceId)
  await eventually(() => expect(seats).toHaveBeenCalledTimes(2))
})

test('a SUBSCRIBE that was sent on a connection that never became ready is retried', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const harness = createQueueHarness()
  const { connection, pubsub } = harness.instance(proxy.url)
  await ping(connection)
  proxy.cut()
  proxy.blackhole()
  // ioredis sends a SUBSCRIBE at once then, and loses it if this connection is lost too.
  await eventually(() => expect(connection.subscriber.status).toBe('connect'))
  const performanceId = randomUUID()
  const onChange = vi.fn()
  const subscribing = pubsub.subscribeSeats(performanceId, onChange)
  proxy.restore()
  await subscribing
  await harness.pubsub.publishSeats(performanceId)
  await eventually(() => expect(onChange).toHaveBeenCalled())
})

test('events are appended in order, with the fields that other services read', async () => {
  const { connection, prefix } = createQueueHarness()
  const events = createEventStream({ connection, prefix })
  const occurredAt = new Date('2026-01-02T03:04:05.678Z')
  await events.append([])
  await events.append([
    { id: 'a', type: 'reservation.held', occurredAt, data: { price: 1 } },
    { id: 'b', type: 'payment.completed', occurredAt, data: {} },
  ])
  const entries = await connection.redis.xrange(`${prefix}:events`, '-', '+')
  const fields = ['version', '1', 'occurredAt', '2026-01-02T03:04:05.678Z', 'data']
  expect(entries.map(([, entry]) => entry)).toEqual([
    ['id', 'a', 'type', 'reservation.held', ...fields, '{"price":1}'],
    ['id', 'b', 'type', 'payment.completed', ...fields, '{}'],
  ])
})

test('no SUBSCRIBE is sent on a connection that is still being checked', async () => {
  const { connection, pubsub } = createQueueHarness().instance()
  const { subscriber } = connection
  await subscriber.ping()
  const sentWhile: string[] = []
  const send = subscriber.sendCommand.bind(subscriber)
  subscriber.sendCommand = (command, stream) => {
    if (command.name === 'subscribe') sentWhile.push(subscriber.status)
    return send(command, stream)
  }
  const subscribing = new Promise<() => void>((resolve) =>
    subscriber.once('connect', () => resolve(pubsub.subscribeQueue(randomUUID(), () => undefined))),
  )
  subscriber.disconnect(true)
  const stop = await subscribing
  expect([...new Set(sentWhile)]).toEqual(['ready'])
  stop()
})
