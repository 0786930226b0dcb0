import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createQueueHarness, roundRobin } from '../support/queue-harness.ts'
import { eventually } from '../support/eventually.ts'

const users = (count: number): string[] => Array.from({ length: count }, () => randomUUID())

test('200 concurrent joins over two instances are admitted in the order of their numbers', async () => {
  const harness = createQueueHarness({ settings: { capacity: 5 }, blockSize: 30 })
  const next = roundRobin(harness.queue, harness.instance().queue)
  const joins = users(200).map((userId) => next().join(harness.concertId, userId))
  const byNumber = (await Promise.all(joins)).map(({ ticket }) => ticket)
  byNumber.sort((a, b) => a.number - b.number)
  expect(new Set(byNumber.map(({ number }) => number)).size).toBe(200)
  for (const [index, ticket] of byNumber.entries()) {
    expect(await harness.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
    const behind = byNumber[index + 5]
    if (behind) expect(await harness.queue.status(behind)).toMatchObject({ kind: 'Waiting', position: 1 })
    await harness.queue.finish(ticket)
  }
})

test('a later join gets a higher number', async () => {
  const harness = createQueueHarness({ blockSize: 3 })
  const next = roundRobin(harness.queue, harness.instance().queue)
  let last = 0
  for (let i = 0; i < 20; i++) {
    const { ticket } = await next().join(harness.concertId, randomUUID())
    expect(ticket.number).toBeGreaterThan(last)
    last = ticket.number
  }
})

test('concurrent joins to a new queue share one block of numbers', async () => {
  const harness = createQueueHarness()
  await Promise.all(users(50).map((userId) => harness.queue.join(harness.concertId, userId)))
  expect(harness.store.reserved).toBe(harness.store.blockSize)
})

test('100 joins of one user are one ticket', async () => {
  const harness = createQueueHarness()
  const next = roundRobin(harness.queue, harness.instance().queue)
  const userId = randomUUID()
  const joined = await Promise.all(Array.from({ length: 100 }, () => next().join(harness.concertId, userId)))
  expect(new Set(joined.map(({ ticket }) => ticket.number)).size).toBe(1)
  expect(await harness.queue.counts([harness.concertId])).toMatchObject([{ waiting: 0, admitted: 1 }])
})

test('an ended ticket stays ended, and joining again gets the last position', async () => {
  const harness = createQueueHarness()
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.queue.leave(first.ticket)
  const again = await harness.queue.join(harness.concertId, first.ticket.userId)
  expect(again.ticket.number).toBeGreaterThan(second.ticket.number)
  expect(await harness.queue.use(first.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await harness.queue.status(again.ticket)).toMatchObject({ kind: 'Waiting', position: 1 })
})

test('the capacity is never exceeded, however many instances admit', async () => {
  const harness = createQueueHarness({ settings: { capacity: 7 } })
  const instances = [harness, harness.instance(), harness.instance()]
  const { redis } = harness.connection
  const tickets = (
    await Promise.all(users(150).map((userId) => harness.queue.join(harness.concertId, userId)))
  ).map(({ ticket }) => ticket)
  let most = 0
  let done = false
  const sample = async (): Promise<void> => {
    while (!done) most = Math.max(most, await redis.zcard(harness.key('admitted')))
  }
  const sampling = sample()
  await Promise.all(
    instances.map(async ({ queue }, mine) => {
      for (const [index, ticket] of tickets.entries()) {
        await Promise.all([queue.tick(), queue.use(ticket)])
        if (index % instances.length === mine) await queue.leave(ticket)
      }
    }),
  )
  done = true
  await sampling
  expect(most).toBe(7)
  expect(await harness.queue.counts([harness.concertId])).toMatchObject([{ waiting: 0, admitted: 0 }])
})

test('the rate admits the tickets of one second at once, and the others over time', async () => {
  const harness = createQueueHarness({ settings: { capacity: 100, ratePerSecond: 3 } })
  for (let i = 0; i < 10; i++) await harness.joinNewUser()
  const { redis } = harness.connection
  const tokens = async (): Promise<number> => Number(await redis.hget(harness.key('meta'), 'tokens'))
  expect(await redis.zcard(harness.key('admitted'))).toBe(3)
  expect(await tokens()).toBeLessThan(1)
  // The stored time is set back: the bucket refills by the rate, up to its size.
  await harness.setMeta({ tokens: 0, tokens_at: Date.now() - 700 })
  await harness.tick()
  expect(await redis.zcard(harness.key('admitted'))).toBe(5)
  await harness.setMeta({ tokens: 0, tokens_at: Date.now() - 60_000 })
  await harness.tick()
  expect(await redis.zcard(harness.key('admitted'))).toBe(8)
})

test('a rate below one a second still admits', async () => {
  const harness = createQueueHarness({ settings: { capacity: 100, ratePerSecond: 0.5 } })
  await harness.joinNewUser()
  await harness.joinNewUser()
  expect(await harness.members('admitted')).toHaveLength(1)
  await harness.setMeta({ tokens: 0, tokens_at: Date.now() - 2_000 })
  await harness.tick()
  expect(await harness.members('admitted')).toHaveLength(2)
})

test('a paused queue reports that it is paused, admits no ticket, and resumes in order', async () => {
  const harness = createQueueHarness({ settings: { paused: true } })
  const { ticket, status } = await harness.joinNewUser()
  expect(status).toEqual({ kind: 'Waiting', position: 1, estimatedWaitSeconds: null, paused: true })
  await harness.tick()
  expect(await harness.queue.status(ticket)).toEqual(status)
  await harness.queue.configure(harness.concertId, {
    capacity: 1,
    ratePerSecond: null,
    paused: false,
    version: 2,
  })
  expect(await harness.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
})

test('an admission that is not claimed in time goes to the next ticket', async () => {
  const harness = createQueueHarness({ times: { claimMs: 50 } })
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await eventually(async () => {
    await harness.tick()
    expect(await harness.members('admitted')).toEqual([second.ticket.userId])
  })
  expect(await harness.queue.status(first.ticket)).toEqual({ kind: 'Lapsed', reason: 'NOT_CLAIMED' })
})

test('absent tickets are skipped when they are first in the queue, and return at their own number', async () => {
  const harness = createQueueHarness()
  const [admitted, absent, present, last] = [
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
  ]
  await harness.clearPresence()
  await harness.queue.status(present.ticket)
  await harness.queue.status(last.ticket)
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('admitted')).toEqual([present.ticket.userId])
  expect(await harness.members('absent')).toEqual([absent.ticket.userId])

  expect(await harness.queue.join(harness.concertId, absent.ticket.userId)).toEqual({
    ticket: absent.ticket,
    status: expect.objectContaining({ kind: 'Waiting', position: 1 }) as unknown,
  })
  expect(await harness.queue.status(last.ticket)).toMatchObject({ kind: 'Waiting', position: 2 })
})

test('an absent ticket that returns while a slot is free is admitted at once', async () => {
  const harness = createQueueHarness()
  const [admitted, absent] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearPresence()
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('absent')).toEqual([absent.ticket.userId])
  expect(await harness.queue.status(absent.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a ticket seen within the grace period is never absent, whatever the bucket boundaries', async () => {
  const graceMs = 2_000
  const harness = createQueueHarness({ times: { absenceGraceMs: graceMs } })
  const admitted = await harness.joinNewUser()
  const seen = await harness.joinNewUser()
  const seenAt = Date.now()
  await eventually(async () => {
    await harness.tick()
    expect(Date.now() - seenAt).toBeGreaterThan(0.9 * graceMs)
  })
  await harness.queue.finish(admitted.ticket)
  const elapsed = Date.now() - seenAt
  if (elapsed < graceMs) expect(await harness.members('admitted')).toEqual([seen.ticket.userId])
})

test('presence expires', async () => {
  const harness = createQueueHarness({ times: { absenceGraceMs: 100 } })
  const admitted = await harness.joinNewUser()
  await harness.joinNewUser()
  await eventually(async () => {
    await harness.tick()
    expect(await harness.connection.redis.keys(harness.key('present:*'))).toEqual([])
  })
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('absent')).toHaveLength(1)
})

test('after a time without ticks no ticket counts as absent', async () => {
  const harness = createQueueHarness()
  const [admitted, silent] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearPresence()
  await harness.setMeta({ ticked_at: Date.now() - 400_000 })
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('admitted')).toEqual([silent.ticket.userId])
})

test('absent tickets are skipped even with a grace period as short as a tick', async () => {
  const harness = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const admitted = await harness.joinNewUser()
  await harness.joinNewUser()
  await harness.clearPresence()
  await harness.setMeta({ ticked_at: Date.now() - 1_500 })
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('absent')).toHaveLength(1)
})

test('the wait is estimated from the admissions of the last minute', async () => {
  const harness = createQueueHarness()
  await harness.joinNewUser()
  for (let i = 0; i < 9; i++) await harness.joinNewUser()
  const last = await harness.joinNewUser()
  const recent = harness.key('recent')
  await harness.connection.redis.del(recent)
  expect(await harness.queue.status(last.ticket)).toMatchObject({ position: 10, estimatedWaitSeconds: null })
  const second = Math.floor(Date.now() / 1_000)
  await harness.connection.redis.hset(recent, { [second - 29]: 10, [second - 70]: 1_000 })
  const { estimatedWaitSeconds } = (await harness.queue.status(last.ticket)) as {
    estimatedWaitSeconds: number
  }
  // Ten admissions since then, and ten positions: as many seconds as have passed, including those of this test.
  expect(estimatedWaitSeconds).toBeGreaterThanOrEqual(29)
  expect(estimatedWaitSeconds).toBeLessThanOrEqual(Date.now() / 1_000 - second + 31)
})

test('joining a concert that does not exist is NOT_FOUND', async () => {
  const harness = createQueueHarness()
  harness.store.reserveNumbers = () => Promise.resolve(null)
  await expect(harness.joinNewUser()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a queue whose tickets are all absent stays active until they return', async () => {
  const harness = createQueueHarness()
  const [admitted, first, second] = [
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
  ]
  await harness.clearPresence()
  await harness.queue.finish(admitted.ticket)
  expect(await harness.members('absent')).toHaveLength(2)
  await harness.connection.redis.zadd(`${harness.prefix}:active`, Date.now() - 11 * 60_000, harness.concertId)
  await harness.tick()
  expect(await harness.queue.status(first.ticket)).toMatchObject({ kind: 'Admitted' })
  expect(await harness.queue.status(second.ticket)).toMatchObject({ kind: 'Waiting', position: 1 })
  await harness.expireAdmission(first.ticket.userId)
  await harness.tick()
  expect(await harness.members('admitted')).toEqual([second.ticket.userId])
})

test.each(['status', 'use', 'join', 'find', 'restore'] as const)(
  'an expired admission goes to the next ticket when %s finds it',
  async (how) => {
    const harness = createQueueHarness()
    const [over, next] = [await harness.joinNewUser(), await harness.joinNewUser()]
    await harness.expireAdmission(over.ticket.userId)
    const { queue, commands, concertId } = harness
    if (how === 'join') await queue.join(concertId, over.ticket.userId)
    else if (how === 'find') expect(await queue.find(concertId, over.ticket.userId)).toBeNull()
    else if (how === 'restore') await commands.restore(over.ticket, await commands.fence(concertId))
    else await queue[how](over.ticket)
    expect(await harness.members('admitted')).toEqual([next.ticket.userId])
  },
)
