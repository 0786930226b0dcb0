import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { QueueStatus } from '../../src/domain/queue.ts'
import { createQueueHarness, LONG_TIMES } from '../support/queue-harness.ts'

const MINUTE = 60_000

const untilOf = (status: QueueStatus): number => {
  if (status.kind !== 'Admitted') throw new Error(`not admitted: ${JSON.stringify(status)}`)
  return status.until.getTime()
}

test('no cycle of holds makes a turn longer than its maximum from the first use', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { queue } = harness
  const [buyer, next] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const began = Date.now()
  await queue.use(buyer.ticket)
  let minutes = 0
  for (; minutes < 60; minutes++) {
    await harness.setClock(minutes * MINUTE)
    await queue.status(next.ticket)
    const { status, turnLeftMs } = await queue.useToHold(buyer.ticket, 10_000)
    if (status.kind !== 'Admitted') break
    // Held for five minutes, cancelled at once, and the event delivered twice.
    for (let times = 0; times < 2; times++)
      await queue.extend(buyer.ticket, new Date(Date.now() + (minutes + 5) * MINUTE))
    expect(turnLeftMs).toBeLessThanOrEqual(LONG_TIMES.turnMs - minutes * MINUTE)
    expect(untilOf(await queue.status(buyer.ticket)) - began).toBeLessThanOrEqual(LONG_TIMES.turnMs + MINUTE)
  }
  expect(minutes).toBe(LONG_TIMES.turnMs / MINUTE)
  expect(await queue.status(next.ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a hold at the end of a turn does not lengthen it', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { ticket } = await harness.joinNewUser()
  await harness.queue.use(ticket)
  await harness.queue.extend(ticket, new Date(Date.now() + 60 * MINUTE))
  await harness.setClock(LONG_TIMES.turnMs - 3_000)
  const { status, turnLeftMs } = await harness.queue.useToHold(ticket, 10_000)
  expect(status.kind).toBe('Admitted')
  expect(turnLeftMs).toBeGreaterThan(0)
  expect(turnLeftMs).toBeLessThanOrEqual(3_000)
  await harness.setClock(LONG_TIMES.turnMs)
  expect(await harness.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' })
})

test('a turn begun by a server of an earlier version has its maximum length from when it is first seen', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { ticket } = await harness.joinNewUser()
  await harness.queue.use(ticket)
  await harness.connection.redis.del(harness.key('turns'))
  await harness.setClock(5 * MINUTE)
  const { turnLeftMs } = await harness.queue.useToHold(ticket, 0)
  expect(turnLeftMs).toBe(LONG_TIMES.turnMs)
  await harness.setClock(6 * MINUTE)
  expect((await harness.queue.useToHold(ticket, 0)).turnLeftMs).toBeLessThanOrEqual(
    LONG_TIMES.turnMs - MINUTE,
  )
})

test('a new ticket starts a new turn, even if the entry of the last one was left behind', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { ticket } = await harness.joinNewUser()
  await harness.queue.use(ticket)
  const entry = await harness.connection.redis.hgetall(harness.key('turns'))
  await harness.queue.leave(ticket)
  expect(await harness.connection.redis.exists(harness.key('turns'))).toBe(0)
  await harness.connection.redis.hset(harness.key('turns'), entry)
  await harness.setClock(10 * MINUTE)
  const again = await harness.queue.join(harness.concertId, ticket.userId)
  expect((await harness.queue.useToHold(again.ticket, 0)).turnLeftMs).toBe(LONG_TIMES.turnMs)
})

test('no present ticket is skipped while two servers run with different settings', async () => {
  const harness = createQueueHarness({ fakeClock: true, times: { absenceGraceMs: 300_000 } })
  const short = harness.instance(undefined, {
    absenceGraceMs: 10_000,
    admissionMs: 20_000,
    turnMs: 30_000,
    claimMs: 5_000,
  })
  const [admitted, onLong, onShort, gone] = [
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await short.queue.join(harness.concertId, randomUUID()),
    await short.queue.join(harness.concertId, randomUUID()),
  ]
  await harness.queue.use(admitted.ticket)
  const seconds = (count: number) => harness.setClock(count * 1_000)
  // Each server reads its own ticket every half of its grace period; both run ticks.
  for (let second = 0; second <= 140; second += 4) {
    await seconds(second)
    await short.queue.status(onShort.ticket)
    await Promise.all([harness.tick(), short.queue.tick()])
  }
  await short.queue.configure(harness.concertId, { ...harness.store.settings, capacity: 4, version: 2 })
  expect((await harness.members('admitted')).sort()).toEqual(
    [admitted, onLong, onShort].map(({ ticket }) => ticket.userId).sort(),
  )
  expect(await harness.members('absent')).toEqual([gone.ticket.userId])
})

test('a turn begun by one server is not shortened by another with shorter times', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const short = harness.instance(undefined, {
    absenceGraceMs: 10_000,
    admissionMs: 20_000,
    turnMs: 30_000,
    claimMs: 5_000,
  })
  const { ticket } = await harness.joinNewUser()
  const used = await harness.queue.use(ticket)
  await short.queue.tick()
  await short.queue.extend(ticket, new Date())
  expect(await short.queue.use(ticket)).toEqual(used)
})
