import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { QueueStatus, QueueTicket } from '../../../src/domain/queue.ts'
import { latestValue } from '../../../src/domain/latest-value.ts'
import type { Sink } from '../../../src/domain/latest-value.ts'
import { isDue, hasChanged } from '../../../src/queue/positions/throttle.ts'
import { isBlocked } from '../../../src/queue/replies.ts'
import { createTicketSubscriptions } from '../../../src/queue/positions/subscribe.ts'
import { createQueueHarness, createRedisProxy, OPEN_SETTINGS } from '../../support/queue-harness.ts'
import type { QueueHarness } from '../../support/queue-harness.ts'
import { eventually } from '../../support/eventually.ts'

/** Reads a stream to its end in the background, and keeps what it said. */
function follow(stream: AsyncIterableIterator<QueueStatus>) {
  const told: QueueStatus[] = []
  const end = (async () => {
    for await (const status of stream) told.push(status)
  })()
  return { told, end, stop: () => stream.return?.() }
}

const subscriberCount = async (stage: QueueHarness): Promise<number> => {
  const reply = (await stage.connection.redis.pubsub('NUMSUB', stage.key('deltas'))) as [string, number]
  return reply[1]
}

/** The watch of an instance that hears its wake-ups in its own way, and repairs nothing within a test. */
const subscribeOver = (stage: QueueHarness, pubsub: Partial<QueueHarness['pubsub']> = {}) =>
  createTicketSubscriptions({
    graceMs: 4 * 3_600_000,
    pollMsMax: 3_600_000,
    read: async (concertId, tickets) => {
      const report = await stage.commands.status(concertId, tickets)
      if (isBlocked(report)) throw new Error(report)
      return { ...report, statuses: report.rawStatuses as QueueStatus[] }
    },
    pubsub: { ...stage.pubsub, ...pubsub },
  })

test('first how it stands, then every change, the last one last', async () => {
  const stage = createQueueHarness()
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const { told, end } = follow(subscribeOver(stage)(second.ticket))
  await eventually(() => expect(told).toMatchObject([{ kind: 'Waiting', position: 1 }]))
  await stage.queue.finish(first.ticket)
  await eventually(() => expect(told.at(-1)).toMatchObject({ kind: 'Admitted' }))
  const used = await stage.queue.use(second.ticket)
  await eventually(() => expect(told.at(-1)).toEqual(used))
  await stage.queue.finish(second.ticket)
  await end
  expect(told.map(({ kind }) => kind)).toEqual(['Waiting', 'Admitted', 'Admitted', 'Finished'])
  await eventually(async () => expect(await subscriberCount(stage)).toBe(0))
})

test('a ticket that is over already is told once', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.queue.leave(ticket)
  const { told, end } = follow(stage.queue.subscribe(ticket))
  await end
  expect(told).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
})

test('nothing that happens before the subscription stands is lost, for nothing is read before', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  let openGate = (): void => undefined
  const gate = new Promise<void>((resolve) => (openGate = resolve))
  const watch = subscribeOver(stage, {
    subscribeQueue: async (...args) => {
      await gate
      return stage.pubsub.subscribeQueue(...args)
    },
  })
  const { told, end } = follow(watch(ticket))
  // Time for a read that should not be, at once or by the watcher's clock.
  const begun = performance.now()
  while (performance.now() - begun < 400) await stage.connection.ping()
  await stage.queue.leave(ticket)
  openGate()
  await end
  expect(told).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
})

test('several tabs of one user hear the same, and one that closes leaves the others alone', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  const tabs = [follow(stage.queue.subscribe(ticket)), follow(stage.queue.subscribe(ticket))]
  await eventually(() => tabs.forEach(({ told }) => expect(told).toHaveLength(1)))
  await tabs[0]?.stop()
  await stage.queue.finish(ticket)
  await tabs[1]?.end
  expect(tabs.map(({ told }) => told.at(-1)?.kind)).toEqual(['Admitted', 'Finished'])
})

test('a dropped subscriber leaves nothing behind, also when it never read or was just reading', async () => {
  const stage = createQueueHarness()
  const { ticket } = await stage.joinNewUser()
  await stage.queue.subscribe(ticket).return?.()
  const reading = stage.queue.subscribe(ticket)
  const [pending] = [reading.next(), await reading.return?.()]
  await pending
  const waits = follow(stage.queue.subscribe(ticket))
  await eventually(() => expect(waits.told).toHaveLength(1))
  expect(await subscriberCount(stage)).toBe(1)
  await waits.stop()
  await waits.end
  await eventually(async () => expect(await subscriberCount(stage)).toBe(0))
})

test('a lost wake-up is repaired', async () => {
  const stage = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const [, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const { told, end } = follow(stage.queue.subscribe(second.ticket))
  await eventually(() => expect(told).toHaveLength(1))
  // As leave.lua does it, without a word to anybody.
  await stage.connection.redis.zrem(stage.key('waiting'), second.ticket.userId)
  await stage.connection.redis.set(stage.key(`ended:${second.ticket.number}`), `LEFT ${Date.now()}`)
  await end
  expect(told.at(-1)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
})

test('watching counts as presence', async () => {
  const stage = createQueueHarness({ times: { absenceGraceMs: 500 } })
  const [first, watched] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const { told, stop } = follow(stage.queue.subscribe(watched.ticket))
  await eventually(() => expect(told).toMatchObject([{ kind: 'Waiting' }]))
  // Whatever was known of who is there is forgotten: only watching can say it again.
  await stage.clearPresence()
  await stage.queue.finish(first.ticket)
  await eventually(() => expect(told.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await stop()
})

test('while Redis is away a stream waits, and goes on when it is back', async () => {
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const stage = createQueueHarness()
  const far = stage.instance(way.url)
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const early = follow(far.queue.subscribe(second.ticket))
  await eventually(() => expect(early.told).toHaveLength(1))
  way.cut()
  await expect(far.queue.status(second.ticket)).rejects.toMatchObject({ code: 'OVERLOADED' })
  const before = far.calls()
  const late = follow(far.queue.subscribe(second.ticket))
  // A second read means that the first has failed.
  await eventually(() => expect(far.calls()).toBeGreaterThan(before + 1))
  await stage.queue.finish(first.ticket)
  way.restore()
  await eventually(() => expect(early.told.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await eventually(() => expect(late.told.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await stage.queue.leave(second.ticket)
  await Promise.all([early.end, late.end])
})

test('after Redis came back empty a watched ticket finds its place again by itself', async () => {
  const stage = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const [first, second] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const { told, stop } = follow(stage.queue.subscribe(second.ticket))
  await eventually(() => expect(told).toHaveLength(1))
  await stage.clearRedis()
  await eventually(async () => expect(await stage.members('waiting')).toEqual([second.ticket.userId]))
  await stage.queue.status(first.ticket)
  expect(await stage.queue.status(second.ticket)).toMatchObject({ kind: 'Waiting', position: 2 })
  await stop()
})

test('2,000 watchers cost a handful of calls, not one each', async () => {
  const stage = createQueueHarness({ settings: { capacity: 1 } })
  const first = await stage.joinNewUser()
  const tickets: QueueTicket[] = await Promise.all(
    Array.from({ length: 2_000 }, async () => (await stage.joinNewUser()).ticket),
  )
  const heard = new Set<QueueTicket>()
  const streams = tickets.map((ticket) => {
    const stream = stage.queue.subscribe(ticket)
    void (async () => {
      while (!(await stream.next()).done) heard.add(ticket)
    })()
    return stream
  })
  await eventually(() => expect(heard.size).toBe(2_000))

  const before = stage.calls()
  heard.clear()
  await stage.queue.finish(first.ticket)
  const front = tickets.filter(({ number }) => number <= 101)
  await eventually(() => front.forEach((ticket) => expect(heard).toContain(ticket)))
  // The finish itself, a batch for the front, and on a slow machine some for those whose pace is slower.
  expect(stage.calls() - before).toBeLessThan(100)
  for (const stream of streams) await stream.return?.()
})

test('a slow reader gets the newest value, and the last one', async () => {
  const feeds: Sink<number>[] = []
  let stopped = 0
  const stream = latestValue<number>((feed) => {
    feeds.push(feed)
    return () => (stopped += 1)
  })
  const first = stream.next()
  const feed = feeds[0] as Sink<number>
  for (const value of [1, 2, 3, 4]) feed.push(value)
  expect(await first).toEqual({ value: 1, done: false })
  feed.end()
  expect(await stream.next()).toEqual({ value: 4, done: false })
  expect(await stream.next()).toMatchObject({ done: true })
  feed.push(5)
  expect(stopped).toBe(1)
})

test('the front hears at once, the far end less often, and everybody of what is much to them', () => {
  const at = (position: number, more: object = {}) => ({
    kind: 'Waiting' as const,
    position,
    estimatedWaitSeconds: null,
    paused: false,
    ...more,
  })
  const due = (from: number, to: number, ageMs: number) => isDue(at(from), at(to), ageMs)
  expect(due(11, 10, 0)).toBe(true)
  expect(due(10, 11, 0)).toBe(false)
  expect(due(91, 90, 999)).toBe(false)
  expect(due(91, 90, 1_000)).toBe(true)
  expect(due(2_001, 2_000, 19_999)).toBe(false)
  expect(due(2_001, 2_000, 20_000)).toBe(true)
  expect(due(9_001, 9_000, 29_999)).toBe(false)
  expect(due(9_001, 9_000, 30_000)).toBe(true)
  expect(due(10_999, 10_000, 0)).toBe(false)
  expect(due(11_000, 10_000, 0)).toBe(true)
  expect(isDue(at(9_000), at(9_000, { paused: true }), 0)).toBe(true)
})

test('an estimate is news when it is another one, a change of position always', () => {
  const at = (position: number, estimatedWaitSeconds: number | null) => ({
    kind: 'Waiting' as const,
    position,
    estimatedWaitSeconds,
    paused: false,
  })
  expect(hasChanged(at(7, null), at(7, null))).toBe(false)
  expect(hasChanged(at(7, null), at(7, 10))).toBe(true)
  expect(hasChanged(at(7, 100), at(7, 110))).toBe(false)
  expect(hasChanged(at(7, 100), at(7, 111))).toBe(true)
  expect(hasChanged(at(7, 100), at(6, 100))).toBe(true)
})

test('a ticket for a concert that does not exist waits without an end, and can be dropped', async () => {
  const stage = createQueueHarness()
  stage.store.reserveNumbers = () => Promise.resolve(null)
  const stream = stage.queue.subscribe({ userId: randomUUID(), concertId: stage.concertId, number: 1 })
  const pending = stream.next()
  await eventually(async () => expect(await subscriberCount(stage)).toBe(1))
  await stream.return?.()
  expect(await pending).toMatchObject({ done: true })
  await eventually(async () => expect(await subscriberCount(stage)).toBe(0))
})

test('what an older wake-up says about a pause is not told any more', async () => {
  const stage = createQueueHarness()
  const [, waiting] = [await stage.joinNewUser(), await stage.joinNewUser()]
  const held: (() => void)[] = []
  let slow = true
  const watch = subscribeOver(stage, {
    subscribeQueue: (concertId, onDelta) =>
      stage.pubsub.subscribeQueue(concertId, (wake) => {
        if (slow) held.push(() => onDelta(wake))
        else onDelta(wake)
      }),
  })
  const { told, stop } = follow(watch(waiting.ticket))
  await eventually(() => expect(told).toMatchObject([{ kind: 'Waiting', paused: false }]))
  for (const [index, paused] of [true, false].entries())
    await stage.queue.configure(stage.concertId, { ...OPEN_SETTINGS, paused, version: index + 2 })
  await eventually(() => expect(held).toHaveLength(2))
  const late = follow(watch((await stage.joinNewUser()).ticket))
  await eventually(() => expect(late.told).toMatchObject([{ kind: 'Waiting', paused: false }]))
  // The pause arrives now, and time enough passes to tell of it, before what ended it does.
  held[0]?.()
  const begun = performance.now()
  while (performance.now() - begun < 500) await stage.connection.ping()
  slow = false
  held.slice(1).forEach((hear) => hear())
  expect([...told, ...late.told].filter((status) => status.kind === 'Waiting' && status.paused)).toEqual([])
  await Promise.all([stop(), late.stop()])
})
