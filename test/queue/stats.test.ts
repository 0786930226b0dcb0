import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { SeatStats } from '../../src/domain/stats.ts'
import { createStats } from '../../src/queue/stats.ts'
import { createQueueHarness, type QueueHarness } from '../support/queue-harness.ts'

const seats: SeatStats = { sold: 1, held: 2, free: 3, oversold: 0, revenue: 4 }

const settings = { capacity: 5, ratePerSecond: null, paused: false, version: 1 }

const statsOf = (harness: QueueHarness) => harness.queue.stats(harness.concertId)

function arrange(harness: QueueHarness) {
  let reads = 0
  const readSeats = () => {
    reads += 1
    return Promise.resolve({ ...seats })
  }
  const { connection, queue, prefix } = harness
  return {
    stats: createStats({
      connection,
      queue,
      prefix,
      readSeats,
      readSettings: () => Promise.resolve({ ...settings }),
    }),
    reads: () => reads,
  }
}

test('tickets restored after Redis lost its data are counted again, once each', async () => {
  const harness = createQueueHarness({ settings: { capacity: 2 }, blockSize: 10 })
  const join = async () => (await harness.joinNewUser()).ticket
  const [spent, first, left] = [await join(), await join(), await join()]
  const others = [await join(), await join(), await join()]
  await harness.queue.finish(spent)
  harness.store.ended.set(spent.number, 'PAID')
  await harness.queue.leave(left)
  expect(await statsOf(harness)).toMatchObject({ issued: 6, waiting: 2, admitted: 2, finished: 1, lapsed: 1 })

  await harness.clearRedis()
  // The relay repeats the event before the queue is open again.
  await harness.queue.finish(spent)
  await harness.queue.finish(spent)
  expect(await statsOf(harness)).toMatchObject({ issued: 1, waiting: 0, admitted: 0, finished: 1, lapsed: 0 })
  for (const ticket of [spent, first, ...others, first]) await harness.queue.status(ticket)
  const back = await statsOf(harness)
  expect(back).toMatchObject({ issued: 5, finished: 1, lapsed: 0 })
  expect(back.waiting + back.admitted).toBe(4)
})

test('concurrent joins are counted, also when the block ends among them', async () => {
  const harness = createQueueHarness({ settings: { capacity: 2 }, blockSize: 3 })
  await Promise.all(Array.from({ length: 8 }, () => harness.joinNewUser()))
  expect(await statsOf(harness)).toMatchObject({ issued: 8, waiting: 6, admitted: 2 })
})

test('a payment that arrives after the admission expired turns a lapsed ticket into a finished one', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.expireAdmission(ticket.userId)
  expect(await statsOf(harness)).toMatchObject({ issued: 1, admitted: 0, lapsed: 1, finished: 0 })
  await harness.queue.finish(ticket)
  expect(await statsOf(harness)).toMatchObject({ issued: 1, admitted: 0, lapsed: 0, finished: 1 })
})

test('absent tickets count as waiting until they expire, then as lapsed', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.joinNewUser()
  await harness.clearPresence()
  await harness.queue.leave(ticket)
  expect(await harness.members('absent')).toHaveLength(1)
  expect(await statsOf(harness)).toMatchObject({ issued: 2, waiting: 1, lapsed: 1 })
  await harness.connection.redis.del(harness.key('absent'))
  expect(await statsOf(harness)).toMatchObject({ issued: 2, waiting: 0, lapsed: 2 })

  const next = await harness.joinNewUser()
  await harness.joinNewUser()
  await harness.clearPresence()
  await harness.queue.leave(next.ticket)
  expect(await statsOf(harness)).toMatchObject({ issued: 4, waiting: 1, lapsed: 3 })
})

test('find does not count as presence', async () => {
  const harness = createQueueHarness()
  const { ticket: admitted } = await harness.joinNewUser()
  const { ticket: waiting } = await harness.joinNewUser()
  const { ticket: behind } = await harness.joinNewUser()
  const find = (userId: string) => harness.queue.find(harness.concertId, userId)
  expect(await find(randomUUID())).toBeNull()
  expect(await find(admitted.userId)).toMatchObject({ ticket: admitted, status: { kind: 'Admitted' } })
  expect(await find(waiting.userId)).toMatchObject({
    ticket: waiting,
    status: { kind: 'Waiting', position: 1 },
  })
  await harness.clearPresence()
  await find(waiting.userId)
  await harness.queue.status(behind)
  await harness.queue.leave(admitted)
  expect(await find(waiting.userId)).toMatchObject({ status: { kind: 'Waiting', position: 1 } })
  expect(await find(behind.userId)).toMatchObject({ status: { kind: 'Admitted' } })
})

test('all subscribers share one read, and without subscribers nothing is read', async () => {
  const harness = createQueueHarness()
  await harness.joinNewUser()
  const { stats, reads } = arrange(harness)
  const streams = Array.from({ length: 20 }, () => stats.subscribe(harness.concertId))
  const firsts = await Promise.all(streams.map((stream) => stream.next()))
  for (const { value } of firsts) expect(value).toMatchObject({ issued: 1, ...seats })
  expect(reads()).toBe(1)
  const startedAt = Date.now()
  const news = Promise.all(streams.map((stream) => stream.next()))
  for (let user = 0; user < 5; user++) await harness.joinNewUser()
  for (const { value } of await news) expect(value).toMatchObject({ issued: 6 })
  expect(reads()).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - startedAt) / 1_000))

  await Promise.all(streams.map(async (stream) => stream.return?.()))
  const readBefore = reads()
  const again = stats.subscribe(harness.concertId)
  await again.next()
  await again.return?.()
  expect(reads()).toBe(readBefore + 1)
})

test('concurrent samplers add one sample, and the history is half an hour', async () => {
  const harness = createQueueHarness()
  await harness.joinNewUser()
  const { stats } = arrange(harness)
  await Promise.all(Array.from({ length: 10 }, () => stats.sample()))
  expect(await stats.history(harness.concertId)).toMatchObject([{ issued: 1, ...seats, settings }])

  const [sample] = await stats.history(harness.concertId)
  const { redis } = harness.connection
  const aged = (ms: number) => JSON.stringify({ ...sample, at: new Date(Date.now() - ms) })
  const old = Array.from({ length: 400 }, (_, index) => aged((400 - index) * 5_000))
  await redis.del(harness.key('stats'), harness.key('sampled'))
  await redis.rpush(harness.key('stats'), ...old)
  await stats.sample()
  expect(await redis.llen(harness.key('stats'))).toBe(360)
  const history = await stats.history(harness.concertId)
  expect(history.length).toBeLessThanOrEqual(360)
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((a, b) => +a - +b))
  expect(await redis.pttl(harness.key('stats'))).toBeGreaterThan(0)
})
