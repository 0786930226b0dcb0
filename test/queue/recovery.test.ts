import { expect, test } from 'vitest'
import { createQueueHarness } from '../support/queue-harness.ts'
import type { QueueHarness } from '../support/queue-harness.ts'

/** The grace period after the loss is over. */
const recovered = (stage: QueueHarness): Promise<void> => stage.setMeta({ recovering_until: 0 })

const standing = { kind: 'Waiting', paused: false }

test('after Redis came back empty every ticket returns to its own number, and nobody is let in meanwhile', async () => {
  const stage = createQueueHarness()
  const joined = [
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
  ]
  const tickets = joined.map(({ ticket }) => ticket)
  await stage.clearRedis()

  const newcomer = await stage.joinNewUser()
  expect(newcomer.status).toMatchObject({ ...standing, position: 1 })
  for (const ticket of [...tickets].reverse())
    expect(await stage.queue.status(ticket)).toMatchObject(standing)
  await stage.tick()
  expect(await stage.members('admitted')).toEqual([])
  expect(await stage.members('waiting')).toEqual([...tickets, newcomer.ticket].map(({ userId }) => userId))

  await recovered(stage)
  await stage.tick()
  expect(await stage.members('admitted')).toEqual([tickets[0]?.userId])
})

test('a ticket that comes back after the grace period still gets its own number', async () => {
  const stage = createQueueHarness()
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearRedis()
  await stage.queue.status(second.ticket)
  await recovered(stage)
  await stage.tick()
  expect(await stage.queue.status(first.ticket)).toMatchObject({ ...standing, position: 1 })
})

test('a ticket that a payment had spent does not come back', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.clearRedis()
  stage.store.ended.set(ticket.number, 'PAID')
  expect(await stage.queue.status(ticket)).toMatchObject({ kind: 'Finished' })
  expect(await stage.queue.use(ticket)).toMatchObject({ kind: 'Finished' })
  expect(stage.store.lookups).toBe(1)
})

test('a ticket that had left does not come back, and the count of all tickets stays right', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.clearRedis()
  stage.store.ended.set(ticket.number, 'LEFT')
  expect(await stage.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await stage.queue.use(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(stage.store.lookups).toBe(1)
  expect(await stage.queue.stats(stage.concertId)).toMatchObject({ issued: 1, waiting: 0, lapsed: 1 })
})

test('use, leave and extend of a lost ticket find it again too', async () => {
  const stage = createQueueHarness()
  const [a, b, c] = [await stage.joinNewUser(), await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearRedis()
  expect(await stage.queue.use(b.ticket)).toMatchObject({ ...standing, position: 1 })
  await stage.queue.extend(c.ticket, new Date())
  expect(await stage.queue.leave(a.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await stage.members('waiting')).toEqual([b.ticket.userId, c.ticket.userId])
})

test('who joined anew after the loss and then shows the old ticket keeps the earlier place alone', async () => {
  const stage = createQueueHarness()
  const [old, other] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearRedis()
  await stage.queue.status(other.ticket)
  const anew = await stage.queue.join(stage.concertId, old.ticket.userId)
  expect(anew.ticket.number).toBeGreaterThan(other.ticket.number)
  expect(await stage.queue.status(old.ticket)).toMatchObject({ ...standing, position: 1 })
  expect(await stage.queue.status(anew.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await stage.members('waiting')).toEqual([old.ticket.userId, other.ticket.userId])
})

test('who was let in with the new ticket is not thrown out by showing the old one', async () => {
  const stage = createQueueHarness()
  const old = await stage.joinNewUser()
  await stage.clearRedis()
  const anew = await stage.queue.join(stage.concertId, old.ticket.userId)
  await recovered(stage)
  await stage.tick()
  expect(await stage.queue.status(old.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  expect(await stage.queue.use(anew.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('two instances that find the queue empty open it once, and no number is given out twice', async () => {
  const stage = createQueueHarness()
  const before = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearRedis()
  const instances = [stage.queue, stage.instance().queue, stage.instance().queue]
  const after = await Promise.all(
    instances.flatMap((queue) => before.map(({ ticket }) => queue.status(ticket))),
  )
  expect(after.map(({ kind }) => kind)).toEqual(Array(6).fill('Waiting'))
  const numbers = [...before, await stage.joinNewUser(), await stage.joinNewUser()].map(
    ({ ticket }) => ticket.number,
  )
  expect(new Set(numbers).size).toBe(4)
  expect(await stage.members('waiting')).toHaveLength(4)
})

test('a Redis that restarted from an older file gives no number out again', async () => {
  const stage = createQueueHarness()
  const kept = await stage.joinNewUser()
  const snapshot = await stage.connection.redis.hgetall(stage.key('meta'))
  const forgotten = [await stage.joinNewUser(), await stage.joinNewUser()]
  for (const { ticket } of forgotten) await stage.connection.redis.zrem(stage.key('waiting'), ticket.userId)
  await stage.setMeta({ ...snapshot, replid: 'before' })

  const newcomer = await stage.joinNewUser()
  expect(newcomer.ticket.number).toBe(1_001)
  for (const { ticket } of forgotten) expect(await stage.queue.status(ticket)).toMatchObject(standing)
  expect(await stage.members('waiting')).toEqual([...forgotten, newcomer].map(({ ticket }) => ticket.userId))
  // Nothing stands still for it: those who were there are still there.
  expect(await stage.queue.status(kept.ticket)).toMatchObject({ kind: 'Admitted' })
  await stage.queue.finish(kept.ticket)
  expect(await stage.members('admitted')).toEqual([forgotten[0]?.ticket.userId])
})

test('a forgotten ticket is found again even before anybody joins', async () => {
  const stage = createQueueHarness()
  await stage.joinNewUser()
  const snapshot = await stage.connection.redis.hgetall(stage.key('meta'))
  const { ticket } = await stage.joinNewUser()
  await stage.connection.redis.zrem(stage.key('waiting'), ticket.userId)
  await stage.setMeta({ ...snapshot, replid: 'before' })
  expect(await stage.queue.status(ticket)).toMatchObject({ ...standing, position: 1 })
})

test('a ticket whose record ran out before a restart does not come back to the front', async () => {
  const stage = createQueueHarness()
  const [ended, next] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.queue.leave(ended.ticket)
  await stage.connection.redis.del(stage.key(`ended:${ended.ticket.number}`))
  expect(await stage.queue.status(ended.ticket)).toMatchObject({ kind: 'Lapsed' })
  await stage.setMeta({ replid: 'before' })
  expect(await stage.queue.status(ended.ticket)).toMatchObject({ kind: 'Lapsed' })
  expect(await stage.queue.status(next.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a day after the loss, what has no record has lapsed', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.clearRedis()
  await stage.joinNewUser()
  await stage.setMeta({ restorable_until: Date.now() - 1 })
  expect(await stage.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
})

test('books that are away fail the ticket that needs them, not those that are known', async () => {
  const stage = createQueueHarness()
  const [lost, known] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.clearRedis()
  await stage.queue.status(known.ticket)
  stage.store.endedTickets = () => Promise.reject(new Error('away'))
  await expect(stage.queue.status(lost.ticket)).rejects.toThrow('away')
  const [silent, speaking] = [stage.queue.subscribe(lost.ticket), stage.queue.subscribe(known.ticket)]
  const waits = silent.next()
  expect(await speaking.next()).toMatchObject({ value: { kind: 'Waiting' } })
  await silent.return?.()
  await speaking.return?.()
  expect(await waits).toMatchObject({ done: true })
})

test('a line that comes back after a loss is looked after again', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.clearRedis()
  await stage.joinNewUser()
  await stage.connection.redis.zrem(`${stage.prefix}:active`, stage.concertId)
  await stage.queue.status(ticket)
  expect(await stage.queue.active(10)).toEqual([stage.concertId])
})

test('however many tickets were lost, the books are asked once', async () => {
  const stage = createQueueHarness({ settings: { capacity: 0 } })
  const joined = await Promise.all(Array.from({ length: 300 }, () => stage.joinNewUser()))
  await stage.clearRedis()
  const streams = joined.map(({ ticket }) => stage.queue.subscribe(ticket))
  await Promise.all(streams.map((stream) => stream.next()))
  expect(stage.store.lookups).toBe(1)
  expect(await stage.members('waiting')).toHaveLength(300)
  for (const stream of streams) await stream.return?.()
})
