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

/** An open queue, without a queue.ts that would answer the codes of the scripts. */
async function opened(settings = OPEN_SETTINGS): Promise<QueueHarness> {
  const stage = createQueueHarness()
  await open(stage, { ...block, settings })
  return stage
}

/** How the tickets stand, or why that cannot be told. */
const statusesOf = (reply: Blocked | Report): Blocked | RawStatus[] =>
  isBlocked(reply) ? reply : reply.rawStatuses

async function ticketFrom({ commands, concertId }: QueueHarness, userId: string = randomUUID()) {
  const reply = await commands.join(concertId, [userId])
  if (typeof reply === 'string') throw new Error(reply)
  return { userId, concertId, number: reply[0]?.number ?? 0 }
}

test('a piece of Lua is included once, whoever asks for it', () => {
  const text = readScript(new URL('../../src/queue/lua/join.lua', import.meta.url))
  expect(text.match(/^local function keys_of/gm)).toHaveLength(1)
  expect(text).not.toMatch(/^--!include/m)
})

test('every script but finish and configure says UNOPENED of a queue that is not open', async () => {
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

test('join: admitted while there is room, then in line, and the block ends where it ends', async () => {
  const stage = createQueueHarness()
  const { commands, concertId } = stage
  await open(stage, { ...block, last: 2 })
  expect(await commands.join(concertId, ['a'])).toMatchObject([{ number: 1, status: { kind: 'Admitted' } }])
  expect(await commands.join(concertId, ['b'])).toMatchObject([
    { number: 2, status: { kind: 'Waiting', position: 1 } },
  ])
  expect(await commands.join(concertId, ['c'])).toBe('BLOCK_SPENT')
  expect(await commands.join(concertId, ['b'])).toMatchObject([{ number: 2 }])
})

test('join: many at once stand in the order they came in, each once, and whoever got a number keeps it', async () => {
  const stage = createQueueHarness()
  const { commands, concertId } = stage
  await open(stage, { ...block, last: 3 })
  expect(await commands.join(concertId, ['c', 'a', 'c', 'b', 'd'])).toBe('BLOCK_SPENT')
  expect(await commands.join(concertId, ['a', 'b', 'c'])).toMatchObject([
    { number: 2 },
    { number: 3 },
    { number: 1 },
  ])
})

test('open: an open queue with numbers left keeps them, and numbers only grow', async () => {
  const stage = await opened()
  const { commands, concertId } = stage
  expect(await open(stage, { ...block, first: 1_001, last: 2_000, fresh: false })).toBe('KEPT')
  expect((await ticketFrom(stage)).number).toBe(1)
  await stage.setMeta({ next: 1_001 })
  expect(await open(stage, { ...block, first: 3_001, last: 4_000, fresh: false })).toBe('OPENED')
  await stage.setMeta({ next: 4_001 })
  expect(await open(stage, { ...block, first: 2_001, last: 3_000, fresh: false })).toBe('KEPT')
  expect(await commands.join(concertId, [randomUUID()])).toBe('BLOCK_SPENT')
})

test('open: two at once on a new concert need no recovery, in whichever order they arrive', async () => {
  const stage = createQueueHarness()
  const { commands, concertId } = stage
  await open(stage, { ...block, first: 1_001, last: 2_000, fresh: false })
  expect(await open(stage, block)).toBe('KEPT')
  expect(await commands.join(concertId, ['a'])).toMatchObject([
    { number: 1_001, status: { kind: 'Admitted' } },
  ])
})

test('status: many at once, each in its place', async () => {
  const stage = await opened()
  const tickets = [await ticketFrom(stage), await ticketFrom(stage), await ticketFrom(stage)]
  await stage.connection.redis.del(stage.key('recent'))
  expect(statusesOf(await stage.commands.status(stage.concertId, tickets))).toMatchObject([
    { kind: 'Admitted' },
    waiting(1),
    waiting(2),
  ])
})

test("status: a number that is not the user's says nothing about the user's place", async () => {
  const stage = await opened()
  const { userId } = await ticketFrom(stage)
  const other = { userId, concertId: stage.concertId, number: 999 }
  const lapsed = [{ kind: 'Lapsed', reason: 'LEFT' }]
  expect(statusesOf(await stage.commands.status(stage.concertId, [other]))).toEqual(lapsed)
  expect(statusesOf(await stage.commands.use(other, 0))).toEqual(lapsed)
  expect(statusesOf(await stage.commands.leave(other))).toEqual(lapsed)
  expect(statusesOf(await stage.commands.extend(other, new Date(Date.now() + 1e9)))).toEqual(lapsed)
  await stage.commands.finish(other)
  expect(await stage.members('admitted')).toEqual([userId])
  expect(await stage.connection.redis.hget(stage.key('admissions'), userId)).toBe('1 0')
})

test('use: the first use starts the full time, a later one changes nothing', async () => {
  const stage = await opened()
  const ticket = await ticketFrom(stage)
  const before = Date.now()
  const first = statusesOf(await stage.commands.use(ticket, 0))
  expect(first).toMatchObject([{ kind: 'Admitted' }])
  const until = Number(await stage.connection.redis.zscore(stage.key('admitted'), ticket.userId))
  expect(until).toBeGreaterThanOrEqual(before + LONG_TIMES.admissionMs - 5)
  expect(statusesOf(await stage.commands.use(ticket, 0))).toEqual(first)
})

test('use: an admission that ran out is over before anybody tidies up', async () => {
  const stage = await opened()
  const [unused, next] = [await ticketFrom(stage), await ticketFrom(stage)]
  await stage.expireAdmission(unused.userId)
  expect(statusesOf(await stage.commands.use(unused, 0))).toEqual([{ kind: 'Lapsed', reason: 'NOT_CLAIMED' }])
  await stage.commands.admit(stage.concertId)
  await stage.commands.use(next, 0)
  await stage.expireAdmission(next.userId)
  expect(statusesOf(await stage.commands.extend(next, new Date(Date.now() + 1e9)))).toEqual([
    { kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' },
  ])
})

test('use: who is about to hold seats is not thrown out meanwhile, and gets no more than that', async () => {
  const stage = await opened()
  const ticket = await ticketFrom(stage)
  const untilOf = async () =>
    Number(await stage.connection.redis.zscore(stage.key('admitted'), ticket.userId)) - Date.now()
  await stage.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeGreaterThan(LONG_TIMES.admissionMs / 2)
  const endsIn = async (ms: number): Promise<void> => {
    await stage.connection.redis.zadd(stage.key('admitted'), Date.now() + ms, ticket.userId)
  }
  await endsIn(2_000)
  await stage.commands.use(ticket, 0)
  expect(await untilOf()).toBeLessThanOrEqual(2_000)
  await stage.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeGreaterThan(9_000)
  await endsIn(2_000)
  await stage.commands.use(ticket, 10_000)
  expect(await untilOf()).toBeLessThanOrEqual(2_000)
  await stage.commands.extend(ticket, new Date(Date.now() + 60_000))
  expect(await untilOf()).toBeGreaterThan(59_000)
})

test('extend: only ever later, and it counts as a use', async () => {
  const stage = await opened()
  const [ticket, behind] = [await ticketFrom(stage), await ticketFrom(stage)]
  const later = new Date(Date.now() + LONG_TIMES.admissionMs + 60_000)
  expect(statusesOf(await stage.commands.extend(ticket, later))).toEqual([{ kind: 'Admitted', until: later }])
  expect(statusesOf(await stage.commands.extend(ticket, new Date(0)))).toEqual([
    { kind: 'Admitted', until: later },
  ])
  expect(statusesOf(await stage.commands.extend(behind, later))).toMatchObject([{ kind: 'Waiting' }])
  await stage.expireAdmission(ticket.userId)
  expect(statusesOf(await stage.commands.use(ticket, 0))).toEqual([
    { kind: 'Lapsed', reason: 'ADMISSION_EXPIRED' },
  ])
})

test('leave: frees the slot, may be repeated, and does not change how a ticket ended', async () => {
  const stage = await opened()
  const [first, second] = [await ticketFrom(stage), await ticketFrom(stage)]
  expect(statusesOf(await stage.commands.leave(first))).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
  expect(statusesOf(await stage.commands.leave(first))).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
  expect(await stage.members('admitted')).toEqual([second.userId])
  await stage.commands.finish(second)
  expect(statusesOf(await stage.commands.leave(second))).toMatchObject([{ kind: 'Finished' }])
})

test('finish: from every place, may be repeated, and even where nothing is known', async () => {
  const stage = await opened()
  const [admitted, waits, next] = [await ticketFrom(stage), await ticketFrom(stage), await ticketFrom(stage)]
  await stage.commands.finish(waits)
  await stage.commands.finish(admitted)
  const first = statusesOf(await stage.commands.status(stage.concertId, [admitted, waits, next]))
  expect(first).toMatchObject([{ kind: 'Finished' }, { kind: 'Finished' }, { kind: 'Admitted' }])
  await stage.commands.finish(admitted)
  expect(statusesOf(await stage.commands.status(stage.concertId, [admitted, waits, next]))).toEqual(first)

  await stage.clearRedis()
  await stage.commands.finish(next)
  await open(stage, { ...block, first: 1_001, last: 2_000, fresh: false })
  expect(statusesOf(await stage.commands.status(stage.concertId, [next]))).toMatchObject([
    { kind: 'Finished' },
  ])
})

test('finish: told again, it leaves alone what the same user has got since', async () => {
  const stage = await opened()
  const [spent, next] = [await ticketFrom(stage), await ticketFrom(stage)]
  await stage.commands.finish(spent)
  await stage.commands.leave(next)
  await stage.commands.join(stage.concertId, [spent.userId])
  await stage.expireAdmission(spent.userId)
  await stage.commands.finish(spent)
  expect(await stage.members('admitted')).toEqual([spent.userId])
})

test('configure: newer settings count, older ones do not, not even from an opening', async () => {
  const stage = createQueueHarness()
  const { commands, concertId } = stage
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 2, version: 2 })
  await open(stage, block)
  const tickets = [await ticketFrom(stage), await ticketFrom(stage), await ticketFrom(stage)]
  expect(await stage.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 9, version: 2 })
  expect(await stage.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 1, version: 3 })
  expect(await stage.members('admitted')).toHaveLength(2)
  await commands.configure(concertId, { ...OPEN_SETTINGS, capacity: 3, version: 4 })
  expect((await stage.members('admitted')).sort()).toEqual(tickets.map(({ userId }) => userId).sort())
})

test('counts: an admission that ran out is not counted', async () => {
  const stage = await opened()
  const { userId } = await ticketFrom(stage)
  await ticketFrom(stage)
  expect(await stage.commands.counts(stage.concertId)).toEqual({ waiting: 1, admitted: 1, admittedTotal: 1 })
  await stage.expireAdmission(userId)
  expect(await stage.commands.counts(stage.concertId)).toEqual({ waiting: 1, admitted: 0, admittedTotal: 1 })
})

test('active: a busy queue stays on the list, an empty one goes when it has been idle', async () => {
  const { commands, connection, prefix } = createQueueHarness()
  await commands.keepActive(['busy', 'idle', 'quiet'], [])
  await connection.redis.zadd(
    `${prefix}:active`,
    Date.now() - 11 * 60_000,
    'idle',
    Date.now() - 60_000,
    'quiet',
  )
  await commands.keepActive(['busy'], ['idle', 'quiet'])
  expect((await commands.listActive()).sort()).toEqual(['busy', 'quiet'])
})

test('a script that Redis has forgotten is sent again', async () => {
  const stage = await opened()
  await ticketFrom(stage)
  await stage.connection.redis.script('FLUSH')
  const tickets = await Promise.all(Array.from({ length: 20 }, () => ticketFrom(stage)))
  expect(new Set(tickets.map(({ number }) => number)).size).toBe(20)
})
