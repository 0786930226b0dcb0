/** The clock of Redis is set forward and back. */
import { expect, test } from 'vitest'
import { createRateLimiter } from '../../src/redis/rate-limiter.ts'
import { createQueueHarness, LONG_TIMES } from '../support/queue-harness.ts'

const HOUR = 3_600_000

const untilOf = (status: { kind: string; until?: Date }): number => status.until?.getTime() ?? Infinity

test('an admission made while the clock was ahead gets its usual length once the clock is set back', async () => {
  const harness = createQueueHarness({ fakeClock: true, settings: { capacity: 2 } })
  await harness.joinNewUser()
  await harness.setClock(HOUR)
  await harness.tick()
  const [claims, turns] = [await harness.joinNewUser(), await harness.joinNewUser()]
  await harness.queue.use(turns.ticket)
  await harness.queue.extend(turns.ticket, new Date(Date.now() + 2 * HOUR))
  await harness.setClock(0)
  await harness.tick()
  const now = Date.now()
  expect(untilOf(await harness.queue.status(claims.ticket))).toBeLessThanOrEqual(
    now + LONG_TIMES.claimMs + 1_000,
  )
  expect(untilOf(await harness.queue.status(turns.ticket))).toBeLessThanOrEqual(
    now + LONG_TIMES.turnMs + 1_000,
  )
  await harness.setClock(LONG_TIMES.turnMs)
  await harness.tick()
  expect(await harness.members('admitted')).toEqual([])
})

test('a turn that began while the clock was ahead has the usual length', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { ticket } = await harness.joinNewUser()
  await harness.setClock(30_000)
  await harness.queue.use(ticket)
  await harness.setClock(0)
  expect((await harness.queue.useToHold(ticket, 0)).turnLeftMs).toBe(LONG_TIMES.turnMs)
  await harness.setClock(60_000)
  expect((await harness.queue.useToHold(ticket, 0)).turnLeftMs).toBeLessThanOrEqual(
    LONG_TIMES.turnMs - 59_000,
  )
})

test('after the clock was ahead, the rate admits and absent tickets are skipped again', async () => {
  const harness = createQueueHarness({ fakeClock: true, settings: { capacity: 3, ratePerSecond: 1 } })
  const first = await harness.joinNewUser()
  const [second, silent, third] = [
    await harness.joinNewUser(),
    await harness.joinNewUser(),
    await harness.joinNewUser(),
  ]
  await harness.setClock(HOUR)
  await harness.tick()
  await harness.setClock(0)
  await harness.tick()
  await Promise.all([first, second].map(({ ticket }) => harness.queue.leave(ticket)))
  // For longer than the grace period, during which the third ticket is read regularly.
  for (let ms = 0; ms <= 400_000; ms += 100_000) {
    await harness.setClock(ms)
    await harness.queue.configure(harness.concertId, {
      ...harness.store.settings,
      capacity: 0,
      version: 2 + ms,
    })
    await harness.queue.status(third.ticket)
    for (const more of [1_500, 3_000]) {
      await harness.setClock(ms + more)
      await harness.tick()
    }
  }
  await harness.queue.configure(harness.concertId, {
    ...harness.store.settings,
    capacity: 3,
    version: 1_000_000,
  })
  expect(await harness.members('admitted')).toEqual([third.ticket.userId])
  expect(await harness.members('absent')).toEqual([silent.ticket.userId])
})

test('a queue that was reopened while the clock was ahead recovers in the usual time', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  await harness.joinNewUser()
  await harness.clearRedis()
  await harness.setClock(HOUR)
  const { ticket } = await harness.joinNewUser()
  expect(await harness.queue.status(ticket)).toMatchObject({ kind: 'Waiting' })
  await harness.setClock(0)
  await harness.tick()
  for (let ms = 0; ms <= LONG_TIMES.absenceGraceMs + 1_000; ms += 60_200) {
    await harness.setClock(ms)
    await harness.queue.status(ticket)
    await harness.tick()
  }
  expect(await harness.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a clock that is set back by less than a second, as NTP does, changes nothing', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const { ticket } = await harness.joinNewUser()
  const used = await harness.queue.use(ticket)
  await harness.setClock(-500)
  await harness.tick()
  expect(await harness.queue.status(ticket)).toEqual(used)
})

test('a rate limit consumed while the clock was ahead is refilled in the usual time', async () => {
  const harness = createQueueHarness({ fakeClock: true })
  const rates = createRateLimiter({ connection: harness.connection, prefix: harness.prefix })
  await harness.setClock(HOUR)
  expect(await rates.consume('joinsPerUser', 'user', 1)).toBe(0)
  expect(await rates.consume('joinsPerUser', 'user', 1)).toBeGreaterThan(0)
  await harness.setClock(0)
  expect(await rates.consume('joinsPerUser', 'user', 1)).toBe(0)
  expect(await rates.consume('joinsPerUser', 'user', 1)).toBeGreaterThan(0)
})
