import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { QueueStatus } from '../../src/domain/queue.ts'
import { createQueueHarness, LONG_TIMES } from '../support/queue-harness.ts'

const MINUTE = 60_000

const untilOf = (status: QueueStatus): number => {
  if (status.kind !== 'Admitted') throw new Error(`not admitted: ${JSON.stringify(status)}`)
  return status.until.getTime()
}

test('no cycle of holds makes a turn last longer than its longest length from the first use', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { queue } = stage
  const [buyer, next] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const began = Date.now()
  await queue.use(buyer.ticket)
  let minutes = 0
  for (; minutes < 60; minutes++) {
    await stage.setClock(minutes * MINUTE)
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

test('a hold in the last moments of a turn does not lengthen it', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { ticket } = await stage.joinNewUser()
  await stage.queue.use(ticket)
  await stage.queue.extend(ticket, new Date(Date.now() + 60 * MINUTE))
  await stage.setClock(LONG_TIMES.turnMs - 3_000)
  const { status, turnLeftMs } = await stage.queue.useToHold(ticket, 10_000)
  expect(status.kind).toBe('Admitted')
  expect(turnLeftMs).toBeGreaterThan(0)
  expect(turnLeftMs).toBeLessThanOrEqual(3_000)
  await stage.setClock(LONG_TIMES.turnMs)
  expect(await stage.queue.status(ticket)).toEqual({ kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' })
})

test('a turn that a server of an earlier version began has its longest length from when it is first seen', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { ticket } = await stage.joinNewUser()
  await stage.queue.use(ticket)
  await stage.connection.redis.del(stage.key('turns'))
  await stage.setClock(5 * MINUTE)
  const { turnLeftMs } = await stage.queue.useToHold(ticket, 0)
  expect(turnLeftMs).toBe(LONG_TIMES.turnMs)
  await stage.setClock(6 * MINUTE)
  expect((await stage.queue.useToHold(ticket, 0)).turnLeftMs).toBeLessThanOrEqual(LONG_TIMES.turnMs - MINUTE)
})

test('a new ticket is a new turn, also where the entry of the last one is left over', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { ticket } = await stage.joinNewUser()
  await stage.queue.use(ticket)
  const entry = await stage.connection.redis.hgetall(stage.key('turns'))
  await stage.queue.leave(ticket)
  expect(await stage.connection.redis.exists(stage.key('turns'))).toBe(0)
  await stage.connection.redis.hset(stage.key('turns'), entry)
  await stage.setClock(10 * MINUTE)
  const again = await stage.queue.join(stage.concertId, ticket.userId)
  expect((await stage.queue.useToHold(again.ticket, 0)).turnLeftMs).toBe(LONG_TIMES.turnMs)
})

test('nobody present is skipped while two servers run with different settings', async () => {
  const stage = createQueueHarness({ fakeClock: true, times: { absenceGraceMs: 300_000 } })
  const short = stage.instance(undefined, {
    absenceGraceMs: 10_000,
    admissionMs: 20_000,
    turnMs: 30_000,
    claimMs: 5_000,
  })
  const [admitted, onLong, onShort, gone] = [
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await short.queue.join(stage.concertId, randomUUID()),
    await short.queue.join(stage.concertId, randomUUID()),
  ]
  await stage.queue.use(admitted.ticket)
  const seconds = (count: number) => stage.setClock(count * 1_000)
  // Each server asks about its own every half of its grace period; both run the queue.
  for (let second = 0; second <= 140; second += 4) {
    await seconds(second)
    await short.queue.status(onShort.ticket)
    await Promise.all([stage.tick(), short.queue.tick()])
  }
  await short.queue.configure(stage.concertId, { ...stage.store.settings, capacity: 4, version: 2 })
  expect((await stage.members('admitted')).sort()).toEqual(
    [admitted, onLong, onShort].map(({ ticket }) => ticket.userId).sort(),
  )
  expect(await stage.members('absent')).toEqual([gone.ticket.userId])
})

test('a turn that was begun by one server is not cut short by another with shorter times', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const short = stage.instance(undefined, {
    absenceGraceMs: 10_000,
    admissionMs: 20_000,
    turnMs: 30_000,
    claimMs: 5_000,
  })
  const { ticket } = await stage.joinNewUser()
  const used = await stage.queue.use(ticket)
  await short.queue.tick()
  await short.queue.extend(ticket, new Date())
  expect(await short.queue.use(ticket)).toEqual(used)
})
