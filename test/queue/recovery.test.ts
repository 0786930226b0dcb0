import { expect, test } from 'vitest'
import { createQueueHarness } from '../support/queue-harness.ts'
import type { QueueHarness } from '../support/queue-harness.ts'

/** The grace period after the loss is over. */
const recovered = (harness: QueueHarness): Promise<void> => harness.setMeta({ recovering_until: 0 })

const waiting = { kind: 'Waiting', paused: false }

test('after Redis lost its data every ticket returns to its own number, and none is admitted during the recovery', async () => {
  const harness = createQueueHarness()
  const joined = [
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
  ]
  const tickets = joined.map(({ ticket }) => ticket)
  await harness.clearRedis()

  const newcomer = await harness.joinNewUser()
  expect(newcomer.status).toMatchObject({ ...waiting, position: 1 })
  for (const ticket of [...tickets].reverse())
    expect(await harness.queue.status(ticket)).toMatchObject(waiting)
  await harness.tick()
  expect(await harness.members('admitted')).toEqual([])
  expect(await harness.members('waiting')).toEqual([...tickets, newcomer.ticket].map(({ userId }) => userId))

  await recovered(harness)
  await harness.tick()
  expect(await harness.members('admitted')).toEqual([tickets[0]?.userId])
})

test('a ticket that returns after the recovery still gets its own number', async () => {
  const harness = createQueueHarness()
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearRedis()
  await harness.queue.status(second.ticket)
  await recovered(harness)
  await harness.tick()
  expect(await harness.queue.status(first.ticket)).toMatchObject({ ...waiting, position: 1 })
})

test('a ticket that a payment has spent is not restored', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.clearRedis()
  harness.store.ended.set(ticket.number, 'PAID')
  expect(await harness.queue.status(ticket)).toMatchObject({ kind: 'Finished' })
  expect(await harness.queue.use(ticket)).toMatchObject({ kind: 'Finished' })
  expect(harness.store.lookups).toBe(1)
})

test('a ticket that has left is not restored, and the counters stay right', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.clearRedis()
  harness.store.ended.set(ticket.number, 'LEFT')
  expect(await harness.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await harness.queue.use(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(harness.store.lookups).toBe(1)
  expect(await harness.queue.stats(harness.concertId)).toMatchObject({ issued: 1, waiting: 0, lapsed: 1 })
})

test('use, leave and extend restore a lost ticket too', async () => {
  const harness = createQueueHarness()
  const [a, b, c] = [await harness.joinNewUser(), await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearRedis()
  expect(await harness.queue.use(b.ticket)).toMatchObject({ ...waiting, position: 1 })
  await harness.queue.extend(c.ticket, new Date())
  expect(await harness.queue.leave(a.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await harness.members('waiting')).toEqual([b.ticket.userId, c.ticket.userId])
})

test('a user who joined again after the loss and returns with the old ticket keeps only the earlier number', async () => {
  const harness = createQueueHarness()
  const [old, other] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearRedis()
  await harness.queue.status(other.ticket)
  const anew = await harness.queue.join(harness.concertId, old.ticket.userId)
  expect(anew.ticket.number).toBeGreaterThan(other.ticket.number)
  expect(await harness.queue.status(old.ticket)).toMatchObject({ ...waiting, position: 1 })
  expect(await harness.queue.status(anew.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await harness.members('waiting')).toEqual([old.ticket.userId, other.ticket.userId])
})

test('a user admitted with the new ticket stays admitted when the old one is read', async () => {
  const harness = createQueueHarness()
  const old = await harness.joinNewUser()
  await harness.clearRedis()
  const anew = await harness.queue.join(harness.concertId, old.ticket.userId)
  await recovered(harness)
  await harness.tick()
  expect(await harness.queue.status(old.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await harness.queue.use(anew.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('two instances that find the queue lost open it once, and no number is issued twice', async () => {
  const harness = createQueueHarness()
  const before = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearRedis()
  const instances = [harness.queue, harness.instance().queue, harness.instance().queue]
  const after = await Promise.all(
    instances.flatMap((queue) => before.map(({ ticket }) => queue.status(ticket))),
  )
  expect(after.map(({ kind }) => kind)).toEqual(Array(6).fill('Waiting'))
  const numbers = [...before, await harness.joinNewUser(), await harness.joinNewUser()].map(
    ({ ticket }) => ticket.number,
  )
  expect(new Set(numbers).size).toBe(4)
  expect(await harness.members('waiting')).toHaveLength(4)
})

test('a Redis that restarted from an older file issues no number again', async () => {
  const harness = createQueueHarness()
  const kept = await harness.joinNewUser()
  const snapshot = await harness.connection.redis.hgetall(harness.key('meta'))
  const forgotten = [await harness.joinNewUser(), await harness.joinNewUser()]
  for (const { ticket } of forgotten)
    await harness.connection.redis.zrem(harness.key('waiting'), ticket.userId)
  await harness.setMeta({ ...snapshot, replid: 'before' })

  const newcomer = await harness.joinNewUser()
  expect(newcomer.ticket.number).toBe(1_001)
  for (const { ticket } of forgotten) expect(await harness.queue.status(ticket)).toMatchObject(waiting)
  expect(await harness.members('waiting')).toEqual(
    [...forgotten, newcomer].map(({ ticket }) => ticket.userId),
  )
  // Other tickets are not affected.
  expect(await harness.queue.status(kept.ticket)).toMatchObject({ kind: 'Admitted' })
  await harness.queue.finish(kept.ticket)
  expect(await harness.members('admitted')).toEqual([forgotten[0]?.ticket.userId])
})

test('a lost ticket is restored even before the first join', async () => {
  const harness = createQueueHarness()
  await harness.joinNewUser()
  const snapshot = await harness.connection.redis.hgetall(harness.key('meta'))
  const { ticket } = await harness.joinNewUser()
  await harness.connection.redis.zrem(harness.key('waiting'), ticket.userId)
  await harness.setMeta({ ...snapshot, replid: 'before' })
  expect(await harness.queue.status(ticket)).toMatchObject({ ...waiting, position: 1 })
})

test('a ticket whose record has expired before a restart is not restored at the front', async () => {
  const harness = createQueueHarness()
  const [ended, next] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.queue.leave(ended.ticket)
  await harness.connection.redis.del(harness.key(`ended:${ended.ticket.number}`))
  expect(await harness.queue.status(ended.ticket)).toMatchObject({ kind: 'Lapsed' })
  await harness.setMeta({ replid: 'before' })
  expect(await harness.queue.status(ended.ticket)).toMatchObject({ kind: 'Lapsed' })
  expect(await harness.queue.status(next.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a day after the loss a ticket without a record has lapsed', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.clearRedis()
  await harness.joinNewUser()
  await harness.setMeta({ restorable_until: Date.now() - 1 })
  expect(await harness.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
})

test('while PostgreSQL is away only lost tickets fail, not known ones', async () => {
  const harness = createQueueHarness()
  const [lost, known] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.clearRedis()
  await harness.queue.status(known.ticket)
  harness.store.endedTickets = () => Promise.reject(new Error('away'))
  await expect(harness.queue.status(lost.ticket)).rejects.toThrow('away')
  const [silent, speaking] = [harness.queue.subscribe(lost.ticket), harness.queue.subscribe(known.ticket)]
  const waits = silent.next()
  expect(await speaking.next()).toMatchObject({ value: { kind: 'Waiting' } })
  await silent.return?.()
  await speaking.return?.()
  expect(await waits).toMatchObject({ done: true })
})

test('a restored queue is active again', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.clearRedis()
  await harness.joinNewUser()
  await harness.connection.redis.zrem(`${harness.prefix}:active`, harness.concertId)
  await harness.queue.status(ticket)
  expect(await harness.queue.active(10)).toEqual([harness.concertId])
})

test('any number of lost tickets costs one read of PostgreSQL', async () => {
  const harness = createQueueHarness({ settings: { capacity: 0 } })
  const joined = await Promise.all(Array.from({ length: 300 }, () => harness.joinNewUser()))
  await harness.clearRedis()
  const streams = joined.map(({ ticket }) => harness.queue.subscribe(ticket))
  await Promise.all(streams.map((stream) => stream.next()))
  expect(harness.store.lookups).toBe(1)
  expect(await harness.members('waiting')).toHaveLength(300)
  for (const stream of streams) await stream.return?.()
})
