import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createQueueHarness, roundRobin } from '../support/queue-harness.ts'
import { eventually } from '../support/eventually.ts'

const users = (count: number): string[] => Array.from({ length: count }, () => randomUUID())

test('200 joins at once over two instances: one order, which is the order of admission', async () => {
  const stage = createQueueHarness({ settings: { capacity: 5 }, blockSize: 30 })
  const next = roundRobin(stage.queue, stage.instance().queue)
  const joins = users(200).map((userId) => next().join(stage.concertId, userId))
  const byNumber = (await Promise.all(joins)).map(({ ticket }) => ticket)
  byNumber.sort((a, b) => a.number - b.number)
  expect(new Set(byNumber.map(({ number }) => number)).size).toBe(200)
  for (const [index, ticket] of byNumber.entries()) {
    expect(await stage.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
    const behind = byNumber[index + 5]
    if (behind) expect(await stage.queue.status(behind)).toMatchObject({ kind: 'Waiting', position: 1 })
    await stage.queue.finish(ticket)
  }
})

test('a later join has a later place', async () => {
  const stage = createQueueHarness({ blockSize: 3 })
  const next = roundRobin(stage.queue, stage.instance().queue)
  let last = 0
  for (let i = 0; i < 20; i++) {
    const { ticket } = await next().join(stage.concertId, randomUUID())
    expect(ticket.number).toBeGreaterThan(last)
    last = ticket.number
  }
})

test('all who find a new queue closed wait for one block of numbers', async () => {
  const stage = createQueueHarness()
  await Promise.all(users(50).map((userId) => stage.queue.join(stage.concertId, userId)))
  expect(stage.store.reserved).toBe(stage.store.blockSize)
})

test('100 joins of one user are one place', async () => {
  const stage = createQueueHarness()
  const next = roundRobin(stage.queue, stage.instance().queue)
  const userId = randomUUID()
  const joined = await Promise.all(Array.from({ length: 100 }, () => next().join(stage.concertId, userId)))
  expect(new Set(joined.map(({ ticket }) => ticket.number)).size).toBe(1)
  expect(await stage.queue.counts([stage.concertId])).toMatchObject([{ waiting: 0, admitted: 1 }])
})

test('an ended ticket opens nothing, and joining again means the end of the line', async () => {
  const stage = createQueueHarness()
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.queue.leave(first.ticket)
  const again = await stage.queue.join(stage.concertId, first.ticket.userId)
  expect(again.ticket.number).toBeGreaterThan(second.ticket.number)
  expect(await stage.queue.use(first.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await stage.queue.status(again.ticket)).toMatchObject({ kind: 'Waiting', position: 1 })
})

test('never more than the capacity, whoever admits and however often', async () => {
  const stage = createQueueHarness({ settings: { capacity: 7 } })
  const instances = [stage, stage.instance(), stage.instance()]
  const { redis } = stage.connection
  const tickets = (
    await Promise.all(users(150).map((userId) => stage.queue.join(stage.concertId, userId)))
  ).map(({ ticket }) => ticket)
  let most = 0
  let done = false
  const look = async (): Promise<void> => {
    while (!done) most = Math.max(most, await redis.zcard(stage.key('admitted')))
  }
  const looking = look()
  await Promise.all(
    instances.map(async ({ queue }, mine) => {
      for (const [index, ticket] of tickets.entries()) {
        await Promise.all([queue.tick(), queue.use(ticket)])
        if (index % instances.length === mine) await queue.leave(ticket)
      }
    }),
  )
  done = true
  await looking
  expect(most).toBe(7)
  expect(await stage.queue.counts([stage.concertId])).toMatchObject([{ waiting: 0, admitted: 0 }])
})

test('the rate holds: one second may let in as many as it says, the rest comes with time', async () => {
  const stage = createQueueHarness({ settings: { capacity: 100, ratePerSecond: 3 } })
  for (let i = 0; i < 10; i++) await stage.joinNewUser()
  const { redis } = stage.connection
  const tokens = async (): Promise<number> => Number(await redis.hget(stage.key('meta'), 'tokens'))
  expect(await redis.zcard(stage.key('admitted'))).toBe(3)
  expect(await tokens()).toBeLessThan(1)
  // As far as the bucket knows, time has passed: it fills by the rate, and no further than full.
  await stage.setMeta({ tokens: 0, tokens_at: Date.now() - 700 })
  await stage.tick()
  expect(await redis.zcard(stage.key('admitted'))).toBe(5)
  await stage.setMeta({ tokens: 0, tokens_at: Date.now() - 60_000 })
  await stage.tick()
  expect(await redis.zcard(stage.key('admitted'))).toBe(8)
})

test('a rate below one a second still lets somebody in', async () => {
  const stage = createQueueHarness({ settings: { capacity: 100, ratePerSecond: 0.5 } })
  await stage.joinNewUser()
  await stage.joinNewUser()
  expect(await stage.members('admitted')).toHaveLength(1)
  await stage.setMeta({ tokens: 0, tokens_at: Date.now() - 2_000 })
  await stage.tick()
  expect(await stage.members('admitted')).toHaveLength(2)
})

test('a paused queue admits nobody, says so, and goes on where it was', async () => {
  const stage = createQueueHarness({ settings: { paused: true } })
  const { ticket, status } = await stage.joinNewUser()
  expect(status).toEqual({ kind: 'Waiting', position: 1, estimatedWaitSeconds: null, paused: true })
  await stage.tick()
  expect(await stage.queue.status(ticket)).toEqual(status)
  await stage.queue.configure(stage.concertId, {
    capacity: 1,
    ratePerSecond: null,
    paused: false,
    version: 2,
  })
  expect(await stage.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
})

test('an admission that nobody claims goes to the next, in time and by itself', async () => {
  const stage = createQueueHarness({ times: { claimMs: 50 } })
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await eventually(async () => {
    await stage.tick()
    expect(await stage.members('admitted')).toEqual([second.ticket.userId])
  })
  expect(await stage.queue.status(first.ticket)).toEqual({ kind: 'Lapsed', reason: 'NOT_CLAIMED' })
})

test('the absent are skipped when it would be their turn, and return at their own number', async () => {
  const stage = createQueueHarness()
  const [admitted, absent, present, last] = [
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
  ]
  await stage.clearPresence()
  await stage.queue.status(present.ticket)
  await stage.queue.status(last.ticket)
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('admitted')).toEqual([present.ticket.userId])
  expect(await stage.members('absent')).toEqual([absent.ticket.userId])

  expect(await stage.queue.join(stage.concertId, absent.ticket.userId)).toEqual({
    ticket: absent.ticket,
    status: expect.objectContaining({ kind: 'Waiting', position: 1 }) as unknown,
  })
  expect(await stage.queue.status(last.ticket)).toMatchObject({ kind: 'Waiting', position: 2 })
})

test('the absent who returns while a slot is free is let in at once', async () => {
  const stage = createQueueHarness()
  const [admitted, absent] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearPresence()
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('absent')).toEqual([absent.ticket.userId])
  expect(await stage.queue.status(absent.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('nobody who was seen within the grace period is absent, however the buckets fall', async () => {
  const graceMs = 2_000
  const stage = createQueueHarness({ times: { absenceGraceMs: graceMs } })
  const admitted = await stage.joinNewUser()
  const seen = await stage.joinNewUser()
  const seenAt = Date.now()
  await eventually(async () => {
    await stage.tick()
    expect(Date.now() - seenAt).toBeGreaterThan(0.9 * graceMs)
  })
  await stage.queue.finish(admitted.ticket)
  const elapsed = Date.now() - seenAt
  if (elapsed < graceMs) expect(await stage.members('admitted')).toEqual([seen.ticket.userId])
})

test('presence runs out by itself', async () => {
  const stage = createQueueHarness({ times: { absenceGraceMs: 100 } })
  const admitted = await stage.joinNewUser()
  await stage.joinNewUser()
  await eventually(async () => {
    await stage.tick()
    expect(await stage.connection.redis.keys(stage.key('present:*'))).toEqual([])
  })
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('absent')).toHaveLength(1)
})

test('after a time in which nobody ran the queue, nobody is called absent', async () => {
  const stage = createQueueHarness()
  const [admitted, silent] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearPresence()
  await stage.setMeta({ ticked_at: Date.now() - 400_000 })
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('admitted')).toEqual([silent.ticket.userId])
})

test('a grace period about as short as a tick still skips the absent', async () => {
  const stage = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const admitted = await stage.joinNewUser()
  await stage.joinNewUser()
  await stage.clearPresence()
  await stage.setMeta({ ticked_at: Date.now() - 1_500 })
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('absent')).toHaveLength(1)
})

test('the wait is estimated from the admissions of the last minute', async () => {
  const stage = createQueueHarness()
  await stage.joinNewUser()
  for (let i = 0; i < 9; i++) await stage.joinNewUser()
  const last = await stage.joinNewUser()
  const recent = stage.key('recent')
  await stage.connection.redis.del(recent)
  expect(await stage.queue.status(last.ticket)).toMatchObject({ position: 10, estimatedWaitSeconds: null })
  const second = Math.floor(Date.now() / 1_000)
  await stage.connection.redis.hset(recent, { [second - 29]: 10, [second - 70]: 1_000 })
  const { estimatedWaitSeconds } = (await stage.queue.status(last.ticket)) as { estimatedWaitSeconds: number }
  // Ten admissions since then, ten places: as many seconds as have passed, and those since `second` was read.
  expect(estimatedWaitSeconds).toBeGreaterThanOrEqual(29)
  expect(estimatedWaitSeconds).toBeLessThanOrEqual(Date.now() / 1_000 - second + 31)
})

test('there is no queue for a concert that does not exist', async () => {
  const stage = createQueueHarness()
  stage.store.reserveNumbers = () => Promise.resolve(null)
  await expect(stage.joinNewUser()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a line whose people were all away is still looked after when they come back', async () => {
  const stage = createQueueHarness()
  const [admitted, first, second] = [
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
  ]
  await stage.clearPresence()
  await stage.queue.finish(admitted.ticket)
  expect(await stage.members('absent')).toHaveLength(2)
  await stage.connection.redis.zadd(`${stage.prefix}:active`, Date.now() - 11 * 60_000, stage.concertId)
  await stage.tick()
  expect(await stage.queue.status(first.ticket)).toMatchObject({ kind: 'Admitted' })
  expect(await stage.queue.status(second.ticket)).toMatchObject({ kind: 'Waiting', position: 1 })
  await stage.expireAdmission(first.ticket.userId)
  await stage.tick()
  expect(await stage.members('admitted')).toEqual([second.ticket.userId])
})

test.each(['status', 'use', 'join', 'find', 'restore'] as const)(
  'an admission that is found to have run out (%s) goes to the next at once',
  async (how) => {
    const stage = createQueueHarness()
    const [over, next] = [await stage.joinNewUser(), await stage.joinNewUser()]
    await stage.expireAdmission(over.ticket.userId)
    const { queue, commands, concertId } = stage
    if (how === 'join') await queue.join(concertId, over.ticket.userId)
    else if (how === 'find') expect(await queue.find(concertId, over.ticket.userId)).toBeNull()
    else if (how === 'restore') await commands.restore(over.ticket, await commands.fence(concertId))
    else await queue[how](over.ticket)
    expect(await stage.members('admitted')).toEqual([next.ticket.userId])
  },
)
