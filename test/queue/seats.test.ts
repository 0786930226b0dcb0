import { randomUUID } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import type { Seat } from '../../src/domain/catalog.ts'
import { createSeatWatch } from '../../src/queue/seats.ts'
import { createStage } from '../support/redis.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a message from another instance is enough to send the seats that changed', async () => {
  // The periodic read, which makes up for a lost message, never comes.
  vi.useFakeTimers({ toFake: ['setInterval'] })
  const stage = createStage()
  const performanceId = randomUUID()
  const seats: Seat[] = [{ number: 1, price: 100, status: 'AVAILABLE' }]
  const watch = createSeatWatch({
    wakeups: stage.wakeups,
    read: () => Promise.resolve(seats.map((seat) => ({ ...seat }))),
  })
  const stream = watch.watch(performanceId)
  expect((await stream.next()).value).toEqual(seats)
  seats[0] = { number: 1, price: 100, status: 'HELD' }
  await stage.instance().wakeups.publishSeats(performanceId)
  expect((await stream.next()).value).toEqual(seats)
  await stream.return?.()
})
