import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createQueueHarness, LONG_TIMES, OPEN_SETTINGS } from '../support/queue-harness.ts'
import type { QueueHarness } from '../support/queue-harness.ts'
import { isBlocked } from '../../src/queue/replies.ts'
import type { Blocked, Report, RawStatus } from '../../src/queue/replies.ts'
import { readScript } from '../../src/redis/scripts.ts'

const block = { first: 1, last: 1_000, fresh: true, settings: OPEN_SETTINGS }
const waiting = (position: number) => ({
  kind: 'Waiting',
  position,
  estimatedWaitSeconds: null,
  paused: false,
})

const open = async ({ commands, concertId }: QueueHarness, numbers: typeof block) =>
  commands.open(concertId, numbers, await commands.fence(concertId))

/** An open queue, opened without queue.ts, so that tests see the raw replies of the scripts. */
async function opened(settings = OPEN_SETTINGS): Promise<QueueHarness> {
  const harness = createQueueHarness()
  await open(harness, { ...block, settings })
  return harness
}

/** The statuses of a report, or the code of a blocked script. */
const statusesOf = (reply: Blocked | Report): Blocked | RawStatus[] =>
  isBlocked(reply) ? reply : reply.rawStatuses

async function ticketFrom({ commands, concertId }: QueueHarness, userId: string = randomUUID()) {
  const reply = await commands.join(concertId, [userId])
  if (typeof reply === 'string') throw new Error(reply)
  return { userId, concertId, number: reply[0]?.number ?? 0 }
}

test('a Lua file is included once, however many scripts include it', () => {
  const text = readScript(new URL('../../src/queue/lua/join.lua', import.meta.url))
  expect(text.match(/^local function keys_of/gm)).toHaveLength(1)
  expect(text).not.toMatch(/^--!include/m)
})

test('scripts that need an open queue reply UNOPENED without one', async () => {
  const { commands, concertId } = createQueueHarness()
  const ticket = { userId: randomUUID(), concertId, number: 1 }
  expect(await commands.join(concertId, [ticket.userId])).toBe('UNOPENED')
  expect(statusesOf(await commands.status(concertId, [ticket]))).toBe('UNOPENED')
  expect(statusesOf(await commands.use(ticket, 0))).toBe('UNOPENED')
  expect(statusesOf(await commands.extend(ticket, new Date()))).toBe('UNOPENED')
  expect(statusesOf(await commands.leave(ticket))).toBe('UNOPENED')
  expect(await commands.restore(ticket, await commands.fence(concertId))).toBe('UNOPENED')
  expect(await commands.admit(concertId)).toBe(0)
  expect(await commands.counts(concertId)).toEqual({ waiting: 0, admitted: 0, admittedTotal: 0 })
})

test('join: admits while slots are free, then queues, and stops at the end of the block', async () => {
  const harness = createQueueHarness()
  const { commands, concertId } = harness
  await open(harness, { ...block, last: 2 })
  expect(await commands.join(concertId, ['a'])).toMatchObject([{ number: 1, status: { kind: 'Admitted' } }])
  expect(await commands.join(concertId, ['b'])).toMatchObject([
    { number: 2, status: { kind: 'Waiting', position: 1 } },
  ])
  expect(await commands.join(concertId, ['c'])).toBe('BLOCK_SPENT')
  expect(await commands.join(concertId, ['b'])).toMatchObject([{ number: 2 }])
})

test('join: many users at once are queued in the given order, once each, and keep numbers issued before the block ended', async () => {
  const harness = createQueueHarness()
  const { commands, concertId } = harness
  await open(harness, { ...block, last: 3 })
  expect(await commands.join(concertId, ['c', 'a', 'c', 'b', 'd'])).toBe('BLOCK_SPENT')
  expect(await commands.join(concertId, ['a', 'b', 'c'])).toMatchObject([
    { number: 2 },
    { number: 3 },
    { number: 1 },
  ])
})

test('open: an open queue with numbers left keeps its block, and numbers only grow', async () => {
  const harness = await opened()
  const { commands, concertId } = harness
  expect(await open(harness, { ...block, first: 1_001, last: 2_000, fresh: false })).toBe('KEPT')
  expect((await ticketFrom(harness)).number).toBe(1)
  await harness.setMeta({ next: 1_001 })
  expect(await open(harness, { ...block, first: 3_001, last: 4_000, fresh: false })).toBe('OPENED')
  await harness.setMeta({ next: 4_001 })
  expect(await open(harness, { ...block, first: 2_001, last: 3_000, fresh: false })).toBe('KEPT')
  expect(await commands.join(concertId, [randomUUID()])).toBe('BLOCK_SPENT')
})

test('open: two servers that open a new queue start no recovery, in whichever order their blocks arrive', async () => {
  const harness = createQueueHarness()
  const { commands, concertId } = harness
  await open(harness, { ...block, first: 1_001, last: 2_000, fresh: false })
  expect(await open(harness, block)).toBe('KEPT')
  expect(await commands.join(concertId, ['a'])).toMatchObject([
    { number: 1_001, status: { kind: 'Admitted' } },
  ])
})

test('status: reports many tickets in the order given', async () => {
  const harness = await opened()
  const tickets = [await ticketFrom(harness), await ticketFrom(harness), await ticketFrom(harness)]
  await harness.connection.redis.del(harness.key('recent'))
  expect(statusesOf(await harness.commands.status(harness.concertId, tickets))).toMatchObject([
    { kind: 'Admitted' },
    waiting(1),
    waiting(2),
  ])
})

test("status: a number that is not the user's does not reveal or change the user's ticket", async () => {
  const harness = await opened()
  const { userId } = await ticketFrom(harness)
  const other = { userId, concertId: harness.concertId, number: 999 }
  const lapsed = [{ kind: 'Lapsed', reason: 'LEFT' }]
  expect(statusesOf(await harness.commands.status(harness.concertId, [other]))).toEqual(lapsed)
  expect(statusesOf(await harness.commands.use(other, 0))).toEqual(lapsed)
  expect(statusesOf(await harness.commands.leave(other))).toEqual(lapsed)
  expect(statusesOf(await harness.commands.extend(other, new Date(Date.now() + 1e9)))).toEqual(lapsed)
  await harness.commands.finish(other)
  expect(await harness.members('admitted')).toEqual([userId])
  expect(await harness.connection.redis.hget(harness.key('admissions'), userId)).toBe('1 0')
})

test('use: the first use starts the full time, later ones change nothing', async () => {
  const harness = await opened()
  const ticket = await ticketFrom(harness)
  const before = Date.now()
  const first = statusesOf(await harness.commands.use(ticket, 0))
  expect(first).toMatchObject([{ kind: 'Admitted' }])
  const until = Number(await harness.connection.redis.zscore(harness.key('admitted'), ticket.userId))
  expect(until).toBeGreaterThanOrEqual(before + LONG_TIMES.admissionMs - 5)
  expect(statusesOf(await harness.commands.use(ticket, 0))).toEqual(first)
})

test('use: an expired admission has ended even before a tick removes it', async () => {
  const harness = await opened()
  const [unused, next] = [await ticketFrom(harness), await ticketFrom(harness)]
  await harness.expireAdmission(unused.userId)
  expect(statusesOf(await harness.commands.use(unused, 0))).toEqual([
    { kind: 'Lapsed', reason: 'NOT_CLAIMED' },
  ])
  await harness.commands.admit(harness.concertId)
  await harness.commands.use(next, 0)
  await harness.expireAdmission(next.userId)
  expect(statusesOf(await harness.commands.extend(next, new Date(Date.now() + 1e9)))).toEqual([
    { kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' },
  ])
})

test('use: an admission that is about to expire is lengthened once, by the time a hold needs', async () => {
  const harness = await opened()
  const ticket = await ticketFrom(harness)
  const untilOf = async () =>
    Number(await harness.connection.redis.zscore(harness.key('admitted'), ticket.userId)) - Date.now()
  await harness.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeGreaterThan(LONG_TIMES.admissionMs / 2)
  const endsIn = async (ms: number): Promise<void> => {
    await harness.connection.redis.zadd(harness.key('admitted'), Date.now() + ms, ticket.userId)
  }
  await endsIn(2_000)
  await harness.commands.use(ticket, 0)
  expect(await untilOf()).toBeLessThanOrEqual(2_000)
  await harness.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeGreaterThan(9_000)
  await endsIn(2_000)
  await harness.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeLessThanOrEqual(2_000)
  await harness.commands.extend(ticket, new Date(Date.now() + 60_000))
  expect(await untilOf()).toBeGreaterThan(59_000)
})

test('extend: never shortens an admission, and counts as a use', async () => {
  const harness = await opened()
  const [ticket, behind] = [await ticketFrom(harness), await ticketFrom(harness)]
  const later = new Date(Date.now() + LONG_TIMES.admissionMs + 60_000)
  expect(statusesOf(await harness.commands.extend(ticket, later))).toEqual([
    { kind: 'Admitted', until: later },
  ])
  expect(statusesOf(await harness.commands.extend(ticket, new Date(0)))).toEqual([
    { kind: 'Admitted', until: later },
  ])
  expect(statusesOf(await harness.commands.extend(behind, later))).toMatchObject([{ kind: 'Waiting' }])
  await harness.expireAdmission(ticket.userId)
  expect(statusesOf(await harness.commands.use(ticket, 0))).toEqual([
    { kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' },
  ])
})

test('leave: frees the slot, is idempotent, and does not change how a ticket ended', async () => {
  const harness = await opened()
  const [first, second] = [await ticketFrom(harness), await ticketFrom(harness)]
  expect(statusesOf(await harness.commands.leave(first))).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
  expect(statusesOf(await harness.commands.leave(first))).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
  expect(await harness.members('admitted')).toEqual([second.userId])
  await harness.commands.finish(second)
  expect(statusesOf(await harness.commands.leave(second))).toMatchObject([{ kind: 'Finished' }])
})

test('finish: works in every state, is idempotent, and works for a ticket that was lost', async () => {
  const harness = await opened()
  const [admitted, waits, next] = [
    await ticketFrom(harness),
    await ticketFrom(harness),
    await ticketFrom(harness),
  ]
  await harness.commands.finish(waits)
  await harness.commands.finish(admitted)
  const first = statusesOf(await harness.commands.status(harness.concertId, [admitted, waits, next]))
  expect(first).toMatchObject([{ kind: 'Finished' }, { kind: 'Finished' }, { kind: 'Admitted' }])
  await harness.commands.finish(admitted)
  expect(statusesOf(await harness.commands.status(harness.concertId, [admitted, waits, next]))).toEqual(first)

  await harness.clearRedis()
  await harness.commands.finish(next)
  await open(harness, { ...block, first: 1_001, last: 2_000, fresh: false })
  expect(statusesOf(await harness.commands.status(harness.concertId, [next]))).toMatchObject([
    { kind: 'Finished' },
  ])
})

test('finish: a repeated call does not touch the next ticket of the user', async () => {
  const harness = await opened()
  const [spent, next] = [await ticketFrom(harness), await ticketFrom(harness)]
  await harness.commands.finish(spent)
  await harness.commands.leave(next)
  await harness.commands.join(harness.concertId, [spent.userId])
  await harness.expireAdmission(spent.userId)
  await harness.commands.finish(spent)
  expect(await harness.members('admitted')).toEqual([spent.userId])
})

test('configure: older settings never replace newer ones, even those that open brings', async () => {
  const harness = createQueueHarness()
  const { commands, concertId } = harness
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 2, version: 2 })
  await open(harness, block)
  const tickets = [await ticketFrom(harness), await ticketFrom(harness), await ticketFrom(harness)]
  expect(await harness.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 9, version: 2 })
  expect(await harness.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 1, version: 3 })
  expect(await harness.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 3, version: 4 })
  expect((await harness.members('admitted')).sort()).toEqual(tickets.map(({ userId }) => userId).sort())
})

test('counts: an expired admission is not counted', async () => {
  const harness = await opened()
  const { userId } = await ticketFrom(harness)
  await ticketFrom(harness)
  expect(await harness.commands.counts(harness.concertId)).toEqual({
    waiting: 1,
    admitted: 1,
    admittedTotal: 1,
  })
  await harness.expireAdmission(userId)
  expect(await harness.commands.counts(harness.concertId)).toEqual({
    waiting: 1,
    admitted: 0,
    admittedTotal: 1,
  })
})

test('active: a busy queue stays active, an empty one is removed after it was idle', async () => {
  const { commands, connection, prefix } = createQueueHarness()
  await commands.updateActive(['busy', 'idle', 'quiet'], [])
  await connection.redis.zadd(
    `${prefix}:active`,
    Date.now() - 11 * 60_000,
    'idle',
    Date.now() - 60_000,
    'quiet',
  )
  await commands.updateActive(['busy'], ['idle', 'quiet'])
  expect((await commands.listActive()).sort()).toEqual(['busy', 'quiet'])
})

test('a script that Redis has evicted is sent again', async () => {
  const harness = await opened()
  await ticketFrom(harness)
  await harness.connection.redis.script('FLUSH')
  const tickets = await Promise.all(Array.from({ length: 20 }, () => ticketFrom(harness)))
  expect(new Set(tickets.map(({ number }) => number)).size).toBe(20)
})
