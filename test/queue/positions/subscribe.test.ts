import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { QueueStatus, QueueTicket } from '../../../src/domain/queue.ts'
import { latestValue } from '../../../src/domain/latest-value.ts'
import type { Sink } from '../../../src/domain/latest-value.ts'
import { isDue, hasChanged } from '../../../src/queue/positions/throttle.ts'
import { isBlocked } from '../../../src/queue/replies.ts'
import { createTicketSubscriptions } from '../../../src/queue/positions/subscribe.ts'
import { createQueueHarness, createRedisProxy, OPEN_SETTINGS, ping } from '../../support/queue-harness.ts'
import type { QueueHarness } from '../../support/queue-harness.ts'
import { eventually } from '../../support/eventually.ts'

/** Reads a stream to its end in the background, and records what it was sent. */
function follow(stream: AsyncIterableIterator<QueueStatus>) {
  const sent: QueueStatus[] = []
  const end = (async () => {
    for await (const status of stream) sent.push(status)
  })()
  return { sent, end, stop: () => stream.return?.() }
}

const subscriberCount = async (harness: QueueHarness): Promise<number> => {
  const reply = (await harness.connection.redis.pubsub('NUMSUB', harness.key('deltas'))) as [string, number]
  return reply[1]
}

/** Subscriptions of an instance whose pub/sub may be replaced, and which does not poll during a test. */
const subscribeOver = (harness: QueueHarness, pubsub: Partial<QueueHarness['pubsub']> = {}) =>
  createTicketSubscriptions({
    graceMs: 4 * 3_600_000,
    pollMsMax: 3_600_000,
    read: async (concertId, tickets) => {
      const report = await harness.commands.status(concertId, tickets)
      if (isBlocked(report)) throw new Error(report)
      return { ...report, statuses: report.rawStatuses as QueueStatus[] }
    },
    pubsub: { ...harness.pubsub, ...pubsub },
  })

test('a subscription sends the current status, every change, and completes after the last', async () => {
  const harness = createQueueHarness()
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const { sent, end } = follow(subscribeOver(harness)(second.ticket))
  await eventually(() => expect(sent).toMatchObject([{ kind: 'Waiting', position: 1 }]))
  await harness.queue.finish(first.ticket)
  await eventually(() => expect(sent.at(-1)).toMatchObject({ kind: 'Admitted' }))
  const used = await harness.queue.use(second.ticket)
  await eventually(() => expect(sent.at(-1)).toEqual(used))
  await harness.queue.finish(second.ticket)
  await end
  expect(sent.map(({ kind }) => kind)).toEqual(['Waiting', 'Admitted', 'Admitted', 'Finished'])
  await eventually(async () => expect(await subscriberCount(harness)).toBe(0))
})

test('a subscription to an ended ticket sends its status and completes', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.queue.leave(ticket)
  const { sent, end } = follow(harness.queue.subscribe(ticket))
  await end
  expect(sent).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
})

test('nothing is read before the Redis subscription is confirmed, so that no change is lost', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  let openGate = (): void => undefined
  const gate = new Promise<void>((resolve) => (openGate = resolve))
  const subscribe = subscribeOver(harness, {
    subscribeQueue: async (...args) => {
      await gate
      return harness.pubsub.subscribeQueue(...args)
    },
  })
  const { sent, end } = follow(subscribe(ticket))
  // Time for a read that must not happen, at once or by the timer.
  const startedAt = performance.now()
  while (performance.now() - startedAt < 400) await ping(harness.connection)
  await harness.queue.leave(ticket)
  openGate()
  await end
  expect(sent).toEqual([{ kind: 'Lapsed', reason: 'LEFT' }])
})

test('several subscriptions to one ticket receive the same, and one that closes does not affect the others', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  const tabs = [follow(harness.queue.subscribe(ticket)), follow(harness.queue.subscribe(ticket))]
  await eventually(() => tabs.forEach(({ sent }) => expect(sent).toHaveLength(1)))
  await tabs[0]?.stop()
  await harness.queue.finish(ticket)
  await tabs[1]?.end
  expect(tabs.map(({ sent }) => sent.at(-1)?.kind)).toEqual(['Admitted', 'Finished'])
})

test('a dropped subscription leaves nothing behind, also when it was never read or is being read', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  await harness.queue.subscribe(ticket).return?.()
  const reading = harness.queue.subscribe(ticket)
  const [pending] = [reading.next(), await reading.return?.()]
  await pending
  const waits = follow(harness.queue.subscribe(ticket))
  await eventually(() => expect(waits.sent).toHaveLength(1))
  expect(await subscriberCount(harness)).toBe(1)
  await waits.stop()
  await waits.end
  await eventually(async () => expect(await subscriberCount(harness)).toBe(0))
})

test('a lost delta is repaired by polling', async () => {
  const harness = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const [, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const { sent, end } = follow(harness.queue.subscribe(second.ticket))
  await eventually(() => expect(sent).toHaveLength(1))
  // As leave.lua does, without a delta.
  await harness.connection.redis.zrem(harness.key('waiting'), second.ticket.userId)
  await harness.connection.redis.set(harness.key(`ended:${second.ticket.number}`), `LEFT ${Date.now()}`)
  await end
  expect(sent.at(-1)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
})

test('a subscription counts as presence', async () => {
  const harness = createQueueHarness({ times: { absenceGraceMs: 500 } })
  const [first, subscribed] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const { sent, stop } = follow(harness.queue.subscribe(subscribed.ticket))
  await eventually(() => expect(sent).toMatchObject([{ kind: 'Waiting' }]))
  // Only the subscription can renew the presence.
  await harness.clearPresence()
  await harness.queue.finish(first.ticket)
  await eventually(() => expect(sent.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await stop()
})

test('while Redis is away a subscription waits, and continues when it is back', async () => {
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const harness = createQueueHarness()
  const far = harness.instance(proxy.url)
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const early = follow(far.queue.subscribe(second.ticket))
  await eventually(() => expect(early.sent).toHaveLength(1))
  proxy.cut()
  await expect(far.queue.status(second.ticket)).rejects.toMatchObject({ code: 'OVERLOADED' })
  const before = far.calls()
  const late = follow(far.queue.subscribe(second.ticket))
  // A second read means that the first has failed.
  await eventually(() => expect(far.calls()).toBeGreaterThan(before + 1))
  await harness.queue.finish(first.ticket)
  proxy.restore()
  await eventually(() => expect(early.sent.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await eventually(() => expect(late.sent.at(-1)).toMatchObject({ kind: 'Admitted' }))
  await harness.queue.leave(second.ticket)
  await Promise.all([early.end, late.end])
})

test('after Redis lost its data a subscribed ticket is restored', async () => {
  const harness = createQueueHarness({ times: { absenceGraceMs: 1_000 } })
  const [first, second] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const { sent, stop } = follow(harness.queue.subscribe(second.ticket))
  await eventually(() => expect(sent).toHaveLength(1))
  await harness.clearRedis()
  await eventually(async () => expect(await harness.members('waiting')).toEqual([second.ticket.userId]))
  await harness.queue.status(first.ticket)
  expect(await harness.queue.status(second.ticket)).toMatchObject({ kind: 'Waiting', position: 2 })
  await stop()
})

test('2,000 subscriptions cost a handful of calls, not one each', async () => {
  const harness = createQueueHarness({ settings: { capacity: 1 } })
  const first = await harness.joinNewUser()
  const tickets: QueueTicket[] = await Promise.all(
    Array.from({ length: 2_000 }, async () => (await harness.joinNewUser()).ticket),
  )
  const received = new Set<QueueTicket>()
  const streams = tickets.map((ticket) => {
    const stream = harness.queue.subscribe(ticket)
    void (async () => {
      while (!(await stream.next()).done) received.add(ticket)
    })()
    return stream
  })
  await eventually(() => expect(received.size).toBe(2_000))

  const before = harness.calls()
  received.clear()
  await harness.queue.finish(first.ticket)
  const front = tickets.filter(({ number }) => number <= 101)
  await eventually(() => front.forEach((ticket) => expect(received).toContain(ticket)))
  // The finish itself, and on a slow machine reads of the conditions.
  expect(harness.calls() - before).toBeLessThan(100)
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

test('changes are sent at once at the front, less often further back, and at once when they are large', () => {
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

test('an estimate is sent when it differs enough, a position always', () => {
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

test('a subscription for a concert that does not exist waits, and can be dropped', async () => {
  const harness = createQueueHarness()
  harness.store.reserveNumbers = () => Promise.resolve(null)
  const stream = harness.queue.subscribe({ userId: randomUUID(), concertId: harness.concertId, number: 1 })
  const pending = stream.next()
  await eventually(async () => expect(await subscriberCount(harness)).toBe(1))
  await stream.return?.()
  expect(await pending).toMatchObject({ done: true })
  await eventually(async () => expect(await subscriberCount(harness)).toBe(0))
})

test('an older delta does not change whether the queue is paused', async () => {
  const harness = createQueueHarness()
  const [, waiting] = [await harness.joinNewUser(), await harness.joinNewUser()]
  const held: (() => void)[] = []
  let slow = true
  const subscribe = subscribeOver(harness, {
    subscribeQueue: (concertId, onDelta) =>
      harness.pubsub.subscribeQueue(concertId, (delta) => {
        if (slow) held.push(() => onDelta(delta))
        else onDelta(delta)
      }),
  })
  const { sent, stop } = follow(subscribe(waiting.ticket))
  await eventually(() => expect(sent).toMatchObject([{ kind: 'Waiting', paused: false }]))
  for (const [index, paused] of [true, false].entries())
    await harness.queue.configure(harness.concertId, { ...OPEN_SETTINGS, paused, version: index + 2 })
  await eventually(() => expect(held).toHaveLength(2))
  const late = follow(subscribe((await harness.joinNewUser()).ticket))
  await eventually(() => expect(late.sent).toMatchObject([{ kind: 'Waiting', paused: false }]))
  // The pause arrives now, and is not sent for long enough before the resume arrives.
  held[0]?.()
  const startedAt = performance.now()
  while (performance.now() - startedAt < 500) await ping(harness.connection)
  slow = false
  held.slice(1).forEach((deliver) => deliver())
  expect([...sent, ...late.sent].filter((status) => status.kind === 'Waiting' && status.paused)).toEqual([])
  await Promise.all([stop(), late.stop()])
})
