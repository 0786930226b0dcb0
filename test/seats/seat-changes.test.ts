import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Seat, SeatChanges, SeatStatus } from '../../src/domain/catalog.ts'
import { latestValue } from '../../src/domain/latest-value.ts'
import { createSeatSubscriptions } from '../../src/seats/seat-changes.ts'
import { createQueueHarness, type QueueHarness } from '../support/queue-harness.ts'

// The periodic read, which repairs lost messages, never runs.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A performance whose seats are a list in memory, changed by one instance and subscribed to on another. */
function createTestPerformance(harness: QueueHarness, seatCount: number) {
  const performanceId = randomUUID()
  const statuses = Array.from({ length: seatCount }, (): SeatStatus => 'AVAILABLE')
  const counts = { reads: 0, statusReads: 0 }
  const history: string[] = []
  const waiting: (() => void)[] = []
  /** A seat that counts how often its status is read. */
  const seat = (status: SeatStatus, index: number): Seat => ({
    performanceId,
    number: index + 1,
    price: 100,
    get status() {
      counts.statusReads += 1
      return status
    },
  })
  const subscriptions = createSeatSubscriptions({
    pubsub: harness.pubsub,
    read: () => {
      counts.reads += 1
      history.push(statuses.join())
      waiting.splice(0).forEach((resolve) => resolve())
      return Promise.resolve(statuses.map(seat))
    },
  })
  return {
    statuses,
    counts,
    history,
    subscribe: (until?: AsyncIterableIterator<unknown>) => subscriptions.subscribe(performanceId, until),
    publish: () => harness.pubsub.publishSeats(performanceId),
    nextRead: () => new Promise<void>((resolve) => waiting.push(resolve)),
  }
}

type TestPerformance = ReturnType<typeof createTestPerformance>

test('a message from another instance is enough to send the seats that changed', async () => {
  const harness = createQueueHarness()
  const performanceId = randomUUID()
  const seats: Seat[] = [1, 2].map((number) => ({
    performanceId,
    number,
    price: 100,
    status: 'AVAILABLE',
  }))
  const subscriptions = createSeatSubscriptions({
    pubsub: harness.pubsub,
    read: () => Promise.resolve(seats.map((seat) => ({ ...seat }))),
  })
  const stream = subscriptions.subscribe(performanceId)
  expect((await stream.next()).value).toEqual({ performanceId, takenCount: 0, snapshot: true, seats })
  seats[0] = { performanceId, number: 1, price: 100, status: 'HELD' }
  await harness.instance().pubsub.publishSeats(performanceId)
  expect((await stream.next()).value).toEqual({
    performanceId,
    takenCount: 1,
    snapshot: false,
    seats: [seats[0]],
  })
  await stream.return?.()
})

test('a stream with an end reads the seats once more, and completes after their changes', async () => {
  const performance = createTestPerformance(createQueueHarness(), 2)
  let end = (): void => undefined
  const until = latestValue<true>((sink) => {
    end = () => sink.push(true)
    return () => undefined
  })
  const stream = performance.subscribe(until)
  await stream.next()
  // A read that began before the change is still in progress when the end comes.
  const [read, last] = [performance.nextRead(), stream.next()]
  await performance.publish()
  await read
  performance.statuses[1] = 'SOLD'
  end()
  expect((await last).value).toMatchObject({ snapshot: false, seats: [{ number: 2, status: 'SOLD' }] })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(await until.next()).toEqual({ done: true, value: undefined })
})

const createStreams = (performance: TestPerformance) =>
  Array.from({ length: 150 }, () => performance.subscribe())

test('a change costs two comparisons of all seats for 300 subscribers, of which half skip every other change', async () => {
  const SEATS = 1_000
  const performance = createTestPerformance(createQueueHarness(), SEATS)
  const [fast, slow] = [createStreams(performance), createStreams(performance)]
  const take = (streams: typeof fast) => Promise.all(streams.map((stream) => stream.next()))
  await Promise.all([take(fast), take(slow)])

  for (let index = 0; index < 10; index += 1) {
    performance.statuses[index] = 'HELD'
    const taken = take(fast)
    await performance.publish()
    for (const { value } of await taken)
      expect(value).toMatchObject({ snapshot: false, seats: [{ number: index + 1 }] })
    if (index % 2 === 0) continue
    for (const { value } of await take(slow))
      expect(value).toMatchObject({ snapshot: false, seats: [{ number: index }, { number: index + 1 }] })
  }
  await Promise.all([...fast, ...slow].map(async (stream) => stream.return?.()))
  // A comparison reads two statuses.
  expect(performance.counts.statusReads).toBeLessThanOrEqual(2 * 2 * SEATS * performance.counts.reads)
})

/** Reads a stream at its own pace, and keeps the messages. */
class Subscriber {
  readonly messages: SeatChanges[] = []
  readonly stream: ReturnType<TestPerformance['subscribe']>
  private pending: Promise<boolean> | null = null

  constructor(performance: TestPerformance) {
    this.stream = performance.subscribe()
  }

  /**
   * Takes the next message; if one is awaited already, that one.
   * @returns whether there was one before the end of the stream
   */
  take(): Promise<boolean> {
    this.pending ??= this.stream.next().then((result) => {
      this.pending = null
      if (result.done !== true) this.messages.push(result.value)
      return result.done !== true
    })
    return this.pending
  }

  async takeAll(): Promise<void> {
    while (await this.take());
  }

  async leave(): Promise<void> {
    await this.stream.return?.()
    await this.takeAll()
  }
}

/** The states that the messages add up to, one after another. */
function statesOf(messages: readonly SeatChanges[]): string[] {
  const statuses: SeatStatus[] = []
  return messages.map(({ seats }) => {
    for (const { number, status } of seats) statuses[number - 1] = status
    return statuses.join()
  })
}

/** Each message leads to a state that a read has returned, in the order of the reads, and repeats no seat. */
function checkMessages(messages: readonly SeatChanges[], history: readonly string[]): void {
  expect(messages.map(({ snapshot }) => snapshot)).toEqual(messages.map((_, index) => index === 0))
  let version = 0
  for (const state of statesOf(messages)) {
    version = history.indexOf(state, version)
    expect(version, `${state} in ${history.join(' ')}`).toBeGreaterThanOrEqual(0)
  }
  const statuses: SeatStatus[] = []
  for (const { seats } of messages) {
    expect(seats.length).toBeGreaterThan(0)
    for (const { number, status } of seats) {
      expect(status).not.toBe(statuses[number - 1])
      statuses[number - 1] = status
    }
  }
}

const SEAT_COUNT = 6

const step = fc.oneof(
  fc.record({
    kind: fc.constant('change' as const),
    statuses: fc.dictionary(
      fc.nat(SEAT_COUNT - 1).map(String),
      fc.constantFrom<SeatStatus>('AVAILABLE', 'HELD', 'SOLD'),
      { maxKeys: 3 },
    ),
    awaitsRead: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('join' as const), takesAll: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('take' as const, 'leave' as const), choice: fc.nat(20) }),
)

test('whenever subscribers join, leave and take, messages add up to the seats and repeat nothing', async () => {
  const harness = createQueueHarness()
  const steps = fc.array(step, { minLength: 5, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const performance = createTestPerformance(harness, SEAT_COUNT)
      const all: Subscriber[] = []
      const present: Subscriber[] = []
      for (const step of steps) {
        if (step.kind === 'change') {
          for (const [index, status] of Object.entries(step.statuses))
            performance.statuses[Number(index)] = status
          const read = performance.nextRead()
          await performance.publish()
          if (step.awaitsRead && present.length > 0) await read
        } else if (step.kind === 'join') {
          const subscriber = new Subscriber(performance)
          all.push(subscriber)
          present.push(subscriber)
          void (step.takesAll ? subscriber.takeAll() : subscriber.take())
        } else {
          const index = step.choice % Math.max(1, present.length)
          if (step.kind === 'leave') await present.splice(index, 1)[0]?.leave()
          else void present[index]?.take()
        }
      }
      for (const subscriber of present) void subscriber.takeAll()
      const lastRead = performance.nextRead()
      await performance.publish()
      if (present.length > 0) await lastRead
      // From the read on, messages reach subscribers in microtasks alone: all have run by the next turn of the loop.
      await setImmediate()
      const final = performance.statuses.join()
      expect(present.map(({ messages }) => statesOf(messages).at(-1))).toEqual(present.map(() => final))
      await Promise.all(present.map((subscriber) => subscriber.leave()))
      for (const { messages } of all) checkMessages(messages, performance.history)
    }),
    { numRuns: 150 },
  )
})
