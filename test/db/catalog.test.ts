import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import {
  countTakenSeats,
  createConcert,
  findLastPerformanceAt,
  listConcerts,
  listPerformances,
  loadConcerts,
  loadPerformances,
  loadPerformancesByConcert,
  loadSeatReservations,
  loadSeatStatuses,
  loadTakenSeats,
} from '../../src/db/catalog.ts'
import { chargePoints } from '../../src/db/points.ts'
import type { NewConcert } from '../../src/domain/catalog.ts'
import type { PageArgs } from '../../src/domain/pagination.ts'
import { IdempotencyKeyReused, InvalidConcert } from '../../src/domain/refusals.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  chargeArgs,
  holdArgs,
  paymentArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql, clear } = await openTestDb()
beforeEach(clear)

const inDays = (days: number) => new Date(Math.ceil(Date.now() / 1000) * 1000 + days * 86_400_000)
const concertOn = (...dates: Date[]): NewConcert => ({
  title: 'Nocturnes',
  queueCapacity: 5,
  queueRatePerSecond: 0.25,
  performances: dates.map((startsAt) => ({ startsAt, seatCount: 20, seatPrice: 300 })),
})
const wholePage: PageArgs = { limit: 100, after: undefined, before: undefined, fromEnd: false }

test('a concert is added with its dates', async () => {
  const [late, early] = [inDays(2), inDays(1)]
  const concertId = await createConcert(db, randomUUID(), concertOn(late, early), uuidv7)
  const queueSettings = { capacity: 5, ratePerSecond: 0.25, paused: false, version: 1 }
  expect(await loadConcerts(db, [concertId, randomUUID()])).toEqual([
    { id: concertId, title: 'Nocturnes', queueSettings },
  ])
  const dates = await listPerformances(db, concertId, { futureOnly: true, limit: 10 })
  expect(dates).toMatchObject([
    { concertId, startsAt: early, seatCount: 20, seatPrice: 300 },
    { concertId, startsAt: late, seatCount: 20, seatPrice: 300 },
  ])
  const [second, ...others] = await loadPerformances(db, [dates[1]?.id ?? '', randomUUID()])
  expect(dates[1]).toEqual({ ...second, takenCount: 0 })
  expect(others).toEqual([])
  expect(await findLastPerformanceAt(db, concertId)).toBe(late.getTime())
  const byConcert = await loadPerformancesByConcert(db, [concertId, randomUUID()])
  expect(byConcert).toMatchObject([{ startsAt: early }, { startsAt: late }])
})

test('the last date is 0 for a concert without dates, and undefined for one that does not exist', async () => {
  expect(await findLastPerformanceAt(db, await createConcert(db, randomUUID(), concertOn(), uuidv7))).toBe(0)
  expect(await findLastPerformanceAt(db, randomUUID())).toBeUndefined()
  expect(await loadConcerts(db, [])).toEqual([])
})

test('a concert with a date in the past is refused as a whole', async () => {
  const concert = concertOn(inDays(1), new Date())
  await expect(createConcert(db, randomUUID(), concert, uuidv7)).rejects.toEqual(
    new InvalidConcert('Every date has to be in the future.'),
  )
  expect(await listConcerts(db, wholePage)).toEqual([])
})

test('concurrent and repeated calls with one key add one concert', async () => {
  const [operatorId, key, concert] = [randomUUID(), randomUUID(), concertOn(inDays(1), inDays(2))]
  const add = (by = operatorId) => createConcert(db, by, concert, uuidv7, key)
  const ids = await Promise.all(Array.from({ length: 4 }, () => add()))
  expect(new Set([...ids, await add()]).size).toBe(1)
  expect(await listConcerts(db, wholePage)).toHaveLength(1)
  expect(await listPerformances(db, ids[0] ?? '', { futureOnly: true, limit: 10 })).toHaveLength(2)
  expect(await sql`select from audit_log`).toHaveLength(1)
  expect(await add(randomUUID())).not.toBe(ids[0])
})

test('a key with other arguments is refused, and a refusal is repeated', async () => {
  const [operatorId, key, late] = [randomUUID(), randomUUID(), randomUUID()]
  const concert = concertOn(inDays(1))
  await createConcert(db, operatorId, concert, uuidv7, key)
  for (const other of [
    { ...concert, title: 'Preludes' },
    { ...concert, queueCapacity: 6 },
    { ...concert, queueRatePerSecond: null },
    { ...concert, performances: concert.performances.map((date) => ({ ...date, seatPrice: 301 })) },
  ]) {
    await expect(createConcert(db, operatorId, other, uuidv7, key)).rejects.toEqual(
      new IdempotencyKeyReused(),
    )
  }
  for (let n = 0; n < 2; n++) {
    await expect(createConcert(db, operatorId, concertOn(new Date(0)), uuidv7, late)).rejects.toBeInstanceOf(
      InvalidConcert,
    )
  }
  await expect(createConcert(db, operatorId, concert, uuidv7, late)).rejects.toEqual(
    new IdempotencyKeyReused(),
  )
  expect(await listConcerts(db, wholePage)).toHaveLength(1)
})

test('started dates are listed only on request, and never more than the limit', async () => {
  const concertId = await createConcert(db, randomUUID(), concertOn(inDays(1), inDays(3), inDays(4)), uuidv7)
  await passTime(sql, 2 * 86_400_000)
  expect(await listPerformances(db, concertId, { futureOnly: true, limit: 10 })).toHaveLength(2)
  expect(await listPerformances(db, concertId, { futureOnly: false, limit: 10 })).toHaveLength(3)
  expect(await listPerformances(db, concertId, { futureOnly: false, limit: 1 })).toHaveLength(1)
  expect(await listPerformances(db, randomUUID(), { futureOnly: false, limit: 10 })).toEqual([])
})

test('concerts are listed in pages, from either end', async () => {
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.push(await createConcert(db, randomUUID(), concertOn(), uuidv7))
  const page = async (part: Partial<PageArgs>) =>
    (await listConcerts(db, { ...wholePage, ...part })).map((concert) => ids.indexOf(concert.id))
  expect(await page({})).toEqual([0, 1, 2, 3, 4])
  expect(await page({ limit: 2 })).toEqual([0, 1])
  expect(await page({ limit: 2, after: ids[1] ?? '' })).toEqual([2, 3])
  expect(await page({ limit: 2, fromEnd: true })).toEqual([4, 3])
  expect(await page({ limit: 2, before: ids[3] ?? '', fromEnd: true })).toEqual([2, 1])
})

test('taken seats are those held or sold; the seats of a lapsed hold are free before a job ends it', async () => {
  const fixture = await createConcertFixture(db)
  const [one, other] = [createBuyer(fixture), createBuyer(fixture)]
  await chargePoints(db, chargeArgs(one, 1_000))
  const paid = await holdSeats(db, holdArgs(one, [1, 2]))
  await payReservation(db, paymentArgs(one, paid))
  const held = await holdSeats(db, holdArgs(other, [3]))
  const elsewhere = createBuyer(await createConcertFixture(db))
  await holdSeats(db, holdArgs(elsewhere, [4]))
  const { performanceId } = fixture
  const sold = [1, 2].map((number) => ({ performanceId, number, status: 'SOLD' }))
  const inOrder = async () => (await loadTakenSeats(db, [performanceId])).sort((a, b) => a.number - b.number)
  expect(await inOrder()).toEqual([...sold, { performanceId, number: 3, status: 'HELD' }])
  expect(await countTakenSeats(db, [performanceId])).toEqual([{ performanceId, count: 3 }])
  expect(await loadTakenSeats(db, [performanceId, elsewhere.performanceId])).toHaveLength(4)
  const owners = async () =>
    (await loadSeatReservations(db, [performanceId], null)).map(({ reservationId }) => reservationId).sort()
  expect(await owners()).toEqual([paid, paid, held].sort())
  const own = (buyer: typeof one) => loadSeatReservations(db, [performanceId], buyer.userId)
  expect(await own(one)).toEqual([1, 2].map((number) => ({ performanceId, number, reservationId: paid })))
  expect(await own(other)).toEqual([{ performanceId, number: 3, reservationId: held }])
  expect(await own(elsewhere)).toEqual([])
  const single = async () => {
    const seats = [4, 3, 2].map((number) => ({ performanceId, number }))
    const found = await loadSeatStatuses(db, [
      ...seats,
      { performanceId: elsewhere.performanceId, number: 4 },
    ])
    return found.map(({ number, status }) => [number, status])
  }
  expect(await single()).toEqual([
    [4, 'AVAILABLE'],
    [3, 'HELD'],
    [2, 'SOLD'],
    [4, 'HELD'],
  ])
  const listed = () => listPerformances(db, fixture.concertId, { futureOnly: false, limit: 10 })
  expect(await listed()).toMatchObject([{ id: performanceId, takenCount: 3 }])
  await passTime(sql, HOLD_MS)
  expect(await inOrder()).toEqual(sold)
  expect(await owners()).toEqual([paid, paid])
  expect(await own(other)).toEqual([])
  expect(await single()).toEqual([
    [4, 'AVAILABLE'],
    [3, 'AVAILABLE'],
    [2, 'SOLD'],
    [4, 'AVAILABLE'],
  ])
  expect(await countTakenSeats(db, [performanceId, elsewhere.performanceId])).toEqual([
    { performanceId, count: 2 },
  ])
  expect(await listed()).toMatchObject([{ id: performanceId, takenCount: 2 }])
})
