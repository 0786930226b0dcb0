import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectRedis } from '../../src/redis/connection.ts'
import { createEventStream } from '../../src/redis/event-stream.ts'
import { createPubSub } from '../../src/redis/pubsub.ts'
import { createQueueHarness, createRedisProxy, redisUrl } from '../support/queue-harness.ts'
import { eventually } from '../support/eventually.ts'

const open = (options: Partial<Parameters<typeof connectRedis>[0]> = {}) => {
  const connection = connectRedis({ url: redisUrl, ...options })
  onTestFinished(() => connection.close())
  return connection
}

test('a call beyond the limit is refused at once, and the others are not', async () => {
  const { call, redis } = open({ callsMax: 2 })
  const calls = await Promise.allSettled([1, 2, 3].map(() => call(() => redis.ping())))
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(calls[2]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfterSeconds: 1 } })
})

test('a call that takes too long is given up', async () => {
  const { call, redis } = open({ callMsMax: 50 })
  await expect(call(() => redis.blpop(randomUUID(), 10))).rejects.toMatchObject({ code: 'OVERLOADED' })
  // Not only by the command: it may wait for its turn before it is one.
  await expect(call(() => new Promise(() => undefined))).rejects.toMatchObject({ code: 'OVERLOADED' })
})

test('an error in a script is a bug, not a reason to try again', async () => {
  const { call, redis } = open()
  const failed = call(() => redis.eval('return nothing.at.all', 0))
  await expect(failed).rejects.toThrow('nothing')
  await expect(failed).rejects.not.toHaveProperty('code')
})

test('without Redis calls fail within their time, closing does not fail, and nothing else happens', async () => {
  const heard: Error[] = []
  const connection = open({
    url: 'redis://127.0.0.1:1',
    callMsMax: 200,
    onError: (error) => heard.push(error),
  })
  await expect(connection.ping()).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(heard).not.toHaveLength(0)
  const listening = createPubSub({ connection }).subscribeSeats(randomUUID(), () => undefined)
  await connection.close()
  await connection.close()
  void listening
})

test('ping tells whether Redis answers', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const connection = open({ url: way.url })
  await connection.ping()
  way.cut()
  await expect(connection.ping()).rejects.toMatchObject({ code: 'OVERLOADED' })
  way.restore()
  await eventually(() => connection.ping())
})

test('seats: who listens to a performance hears of it, and nobody else', async () => {
  const stage = createQueueHarness()
  const { pubsub: pubsub } = stage
  const other = stage.instance()
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

test('after the connection was lost every listener is woken once, and hears again', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const stage = createQueueHarness()
  const { pubsub: pubsub } = stage.instance(way.url)
  const [seats, queue] = [vi.fn(), vi.fn()]
  const performanceId = randomUUID()
  await pubsub.subscribeSeats(performanceId, seats)
  await pubsub.subscribeQueue(stage.concertId, queue)
  way.cut()
  await stage.pubsub.publishSeats(performanceId)
  way.restore()
  await eventually(() => expect(seats).toHaveBeenCalledTimes(1))
  expect(queue.mock.calls).toEqual([[null]])
  await stage.pubsub.publishSeats(performanceId)
  await eventually(() => expect(seats).toHaveBeenCalledTimes(2))
})

test('a subscription that was asked for while the connection came back, and got lost with it, is asked for again', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const stage = createQueueHarness()
  const { connection, pubsub: pubsub } = stage.instance(way.url)
  await connection.ping()
  way.cut()
  way.blackhole()
  // ioredis sends a SUBSCRIBE at once then, and forgets it if this connection is lost too.
  await eventually(() => expect(connection.subscriber.status).toBe('connect'))
  const performanceId = randomUUID()
  const heard = vi.fn()
  const listening = pubsub.subscribeSeats(performanceId, heard)
  way.restore()
  await listening
  await stage.pubsub.publishSeats(performanceId)
  await eventually(() => expect(heard).toHaveBeenCalled())
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

test('nobody subscribes over a connection that is still being checked', async () => {
  const { connection, pubsub: pubsub } = createQueueHarness().instance()
  const { subscriber } = connection
  await subscriber.ping()
  const sentWhile: string[] = []
  const send = subscriber.sendCommand.bind(subscriber)
  subscriber.sendCommand = (command, stream) => {
    if (command.name === 'subscribe') sentWhile.push(subscriber.status)
    return send(command, stream)
  }
  const listening = new Promise<() => void>((resolve) =>
    subscriber.once('connect', () => resolve(pubsub.subscribeQueue(randomUUID(), () => undefined))),
  )
  subscriber.disconnect(true)
  const stop = await listening
  expect([...new Set(sentWhile)]).toEqual(['ready'])
  stop()
})
