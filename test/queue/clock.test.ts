/** The clock of Redis is set forward and back. */
import { expect, test } from 'vitest'
import { createRateLimiter } from '../../src/redis/rate-limiter.ts'
import { createQueueHarness, LONG_TIMES } from '../support/queue-harness.ts'

const HOUR = 3_600_000

const untilOf = (status: { kind: string; until?: Date }): number => status.until?.getTime() ?? Infinity

test('who was let in while the clock was ahead is not let in for as long as it was ahead', async () => {
  const stage = createQueueHarness({ fakeClock: true, settings: { capacity: 2 } })
  await stage.joinNewUser()
  await stage.setClock(HOUR)
  await stage.tick()
  const [claims, turns] = [await stage.joinNewUser(), await stage.joinNewUser()]
  await stage.queue.use(turns.ticket)
  await stage.queue.extend(turns.ticket, new Date(Date.now() + 2 * HOUR))
  await stage.setClock(0)
  await stage.tick()
  const now = Date.now()
  expect(untilOf(await stage.queue.status(claims.ticket))).toBeLessThanOrEqual(
    now + LONG_TIMES.claimMs + 1_000,
  )
  expect(untilOf(await stage.queue.status(turns.ticket))).toBeLessThanOrEqual(now + LONG_TIMES.turnMs + 1_000)
  await stage.setClock(LONG_TIMES.turnMs)
  await stage.tick()
  expect(await stage.members('admitted')).toEqual([])
})

test('a first use while the clock was ahead is the start of a turn of the usual length', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { ticket } = await stage.joinNewUser()
  await stage.setClock(30_000)
  await stage.queue.use(ticket)
  await stage.setClock(0)
  expect((await stage.queue.useToHold(ticket, 0)).turnLeftMs).toBe(LONG_TIMES.turnMs)
  await stage.setClock(60_000)
  expect((await stage.queue.useToHold(ticket, 0)).turnLeftMs).toBeLessThanOrEqual(LONG_TIMES.turnMs - 59_000)
})

test('after the clock was ahead the rate lets people in again, and the absent are skipped again', async () => {
  const stage = createQueueHarness({ fakeClock: true, settings: { capacity: 3, ratePerSecond: 1 } })
  const first = await stage.joinNewUser()
  const [second, silent, third] = [
    await stage.joinNewUser(),
    await stage.joinNewUser(),
    await stage.joinNewUser(),
  ]
  await stage.setClock(HOUR)
  await stage.tick()
  await stage.setClock(0)
  await stage.tick()
  await Promise.all([first, second].map(({ ticket }) => stage.queue.leave(ticket)))
  // Longer than the grace period, in which the third one asks now and then.
  for (let ms = 0; ms <= 400_000; ms += 100_000) {
    await stage.setClock(ms)
    await stage.queue.configure(stage.concertId, { ...stage.store.settings, capacity: 0, version: 2 + ms })
    await stage.queue.status(third.ticket)
    for (const more of [1_500, 3_000]) {
      await stage.setClock(ms + more)
      await stage.tick()
    }
  }
  await stage.queue.configure(stage.concertId, { ...stage.store.settings, capacity: 3, version: 1_000_000 })
  expect(await stage.members('admitted')).toEqual([third.ticket.userId])
  expect(await stage.members('absent')).toEqual([silent.ticket.userId])
})

test('a queue that was opened anew while the clock was ahead recovers in the usual time', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  await stage.joinNewUser()
  await stage.clearRedis()
  await stage.setClock(HOUR)
  const { ticket } = await stage.joinNewUser()
  expect(await stage.queue.status(ticket)).toMatchObject({ kind: 'Waiting' })
  await stage.setClock(0)
  await stage.tick()
  for (let ms = 0; ms <= LONG_TIMES.absenceGraceMs + 1_000; ms += 60_200) {
    await stage.setClock(ms)
    await stage.queue.status(ticket)
    await stage.tick()
  }
  expect(await stage.queue.status(ticket)).toMatchObject({ kind: 'Admitted' })
})

test('a clock that is a little behind, as it is corrected all the time, changes nothing', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const { ticket } = await stage.joinNewUser()
  const used = await stage.queue.use(ticket)
  await stage.setClock(-500)
  await stage.tick()
  expect(await stage.queue.status(ticket)).toEqual(used)
})

test('what was taken while the clock was ahead is not held against anybody for as long as it was ahead', async () => {
  const stage = createQueueHarness({ fakeClock: true })
  const rates = createRateLimiter({ connection: stage.connection, prefix: stage.prefix })
  await stage.setClock(HOUR)
  expect(await rates.consume('joinsPerUser', 'somebody', 1)).toBe(0)
  expect(await rates.consume('joinsPerUser', 'somebody', 1)).toBeGreaterThan(0)
  await stage.setClock(0)
  expect(await rates.consume('joinsPerUser', 'somebody', 1)).toBe(0)
  expect(await rates.consume('joinsPerUser', 'somebody', 1)).toBeGreaterThan(0)
})
