import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { SeatStats } from '../../src/domain/stats.ts'
import { createStats } from '../../src/queue/stats.ts'
import { createQueueHarness, type QueueHarness } from '../support/queue-harness.ts'

const seats: SeatStats = { sold: 1, held: 2, free: 3, oversold: 0, revenue: 4 }

const settings = { capacity: 5, ratePerSecond: null, paused: false, version: 1 }

const statsOf = (stage: QueueHarness) => stage.queue.stats(stage.concertId)

function arrange(stage: QueueHarness) {
  let reads = 0
  const readSeats = () => {
    reads += 1
    return Promise.resolve({ ...seats })
  }
  const { connection, queue, prefix } = stage
  return {
    figures: createStats({
      connection,
      queue,
      prefix,
      readSeats,
      readSettings: () => Promise.resolve({ ...settings }),
    }),
    reads: () => reads,
  }
}

test('tickets that come back after Redis lost all are counted again, and each of them once', async () => {
  const stage = createQueueHarness({ settings: { capacity: 2 }, blockSize: 10 })
  const join = async () => (await stage.joinNewUser()).ticket
  const [spent, first, left] = [await join(), await join(), await join()]
  const others = [await join(), await join(), await join()]
  await stage.queue.finish(spent)
  stage.store.ended.set(spent.number, 'PAID')
  await stage.queue.leave(left)
  expect(await statsOf(stage)).toMatchObject({ issued: 6, waiting: 2, admitted: 2, finished: 1, lapsed: 1 })

  await stage.clearRedis()
  // The relay repeats itself, before anybody has opened the queue again.
  await stage.queue.finish(spent)
  await stage.queue.finish(spent)
  expect(await statsOf(stage)).toMatchObject({ issued: 1, waiting: 0, admitted: 0, finished: 1, lapsed: 0 })
  for (const ticket of [spent, first, ...others, first]) await stage.queue.status(ticket)
  const back = await statsOf(stage)
  expect(back).toMatchObject({ issued: 5, finished: 1, lapsed: 0 })
  expect(back.waiting + back.admitted).toBe(4)
})

test('joins that come together are counted, also when the numbers run out among them', async () => {
  const stage = createQueueHarness({ settings: { capacity: 2 }, blockSize: 3 })
  await Promise.all(Array.from({ length: 8 }, () => stage.joinNewUser()))
  expect(await statsOf(stage)).toMatchObject({ issued: 8, waiting: 6, admitted: 2 })
})

test('a payment that comes after the admission ran out makes of a lapsed ticket a finished one', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.expireAdmission(ticket.userId)
  expect(await statsOf(stage)).toMatchObject({ issued: 1, admitted: 0, lapsed: 1, finished: 0 })
  await stage.queue.finish(ticket)
  expect(await statsOf(stage)).toMatchObject({ issued: 1, admitted: 0, lapsed: 0, finished: 1 })
})

test('who was skipped waits, until they are forgotten: then they have lapsed', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.joinNewUser()
  await stage.clearPresence()
  await stage.queue.leave(ticket)
  expect(await stage.members('absent')).toHaveLength(1)
  expect(await statsOf(stage)).toMatchObject({ issued: 2, waiting: 1, lapsed: 1 })
  await stage.connection.redis.del(stage.key('absent'))
  expect(await statsOf(stage)).toMatchObject({ issued: 2, waiting: 0, lapsed: 2 })

  const next = await stage.joinNewUser()
  await stage.joinNewUser()
  await stage.clearPresence()
  await stage.queue.leave(next.ticket)
  expect(await statsOf(stage)).toMatchObject({ issued: 4, waiting: 1, lapsed: 3 })
})

test('a ticket is found without its owner being there', async () => {
  const stage = createQueueHarness()
  const { ticket: admitted } = await stage.joinNewUser()
  const { ticket: waiting } = await stage.joinNewUser()
  const { ticket: behind } = await stage.joinNewUser()
  const find = (userId: string) => stage.queue.find(stage.concertId, userId)
  expect(await find(randomUUID())).toBeNull()
  expect(await find(admitted.userId)).toMatchObject({ ticket: admitted, status: { kind: 'Admitted' } })
  expect(await find(waiting.userId)).toMatchObject({
    ticket: waiting,
    status: { kind: 'Waiting', position: 1 },
  })
  await stage.clearPresence()
  await find(waiting.userId)
  await stage.queue.status(behind)
  await stage.queue.leave(admitted)
  expect(await find(waiting.userId)).toMatchObject({ status: { kind: 'Waiting', position: 1 } })
  expect(await find(behind.userId)).toMatchObject({ status: { kind: 'Admitted' } })
})

test('one reads for all who listen, and nobody when nobody listens', async () => {
  const stage = createQueueHarness()
  await stage.joinNewUser()
  const { figures, reads } = arrange(stage)
  const streams = Array.from({ length: 20 }, () => figures.subscribe(stage.concertId))
  const firsts = await Promise.all(streams.map((stream) => stream.next()))
  for (const { value } of firsts) expect(value).toMatchObject({ issued: 1, ...seats })
  expect(reads()).toBe(1)
  const startedAt = Date.now()
  const news = Promise.all(streams.map((stream) => stream.next()))
  for (let user = 0; user < 5; user++) await stage.joinNewUser()
  for (const { value } of await news) expect(value).toMatchObject({ issued: 6 })
  expect(reads()).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - startedAt) / 1_000))

  await Promise.all(streams.map(async (stream) => stream.return?.()))
  const readBefore = reads()
  const again = figures.subscribe(stage.concertId)
  await again.next()
  await again.return?.()
  expect(reads()).toBe(readBefore + 1)
})

test('however many instances sample, there is one sample at a time, and half an hour of them', async () => {
  const stage = createQueueHarness()
  await stage.joinNewUser()
  const { figures } = arrange(stage)
  await Promise.all(Array.from({ length: 10 }, () => figures.sample()))
  expect(await figures.history(stage.concertId)).toMatchObject([{ issued: 1, ...seats, settings }])

  const [sample] = await figures.history(stage.concertId)
  const { redis } = stage.connection
  const aged = (ms: number) => JSON.stringify({ ...sample, at: new Date(Date.now() - ms) })
  const old = Array.from({ length: 400 }, (_, index) => aged((400 - index) * 5_000))
  await redis.del(stage.key('stats'), stage.key('sampled'))
  await redis.rpush(stage.key('stats'), ...old)
  await figures.sample()
  expect(await redis.llen(stage.key('stats'))).toBe(360)
  const history = await figures.history(stage.concertId)
  expect(history.length).toBeLessThanOrEqual(360)
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((a, b) => +a - +b))
  expect(await redis.pttl(stage.key('stats'))).toBeGreaterThan(0)
})
