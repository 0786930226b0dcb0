import { expect, test } from 'vitest'
import { loadTakenSeats } from '../../src/db/catalog.ts'
import { chargePoints } from '../../src/db/points.ts'
import {
  chargeArgs,
  holdArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  holdSeats,
} from '../support/fixtures.ts'
import { openJobHarness } from '../support/job-harness.ts'
import { eventually } from '../support/eventually.ts'

const { db, sql, options, start, failures, readStream } = await openJobHarness()
const statusOf = async (id: string) =>
  (await sql`select status from reservations where id = ${id}`)[0]?.['status'] as string

test('the seats of a lapsed hold are free without a job, and the sweeper ends it with an event', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await passTime(sql, HOLD_MS)
  expect(await statusOf(id)).toBe('HELD')
  expect(await loadTakenSeats(db, [buyer.performanceId])).toEqual([])

  const jobs = start(options)
  await eventually(async () => expect(await statusOf(id)).toBe('EXPIRED'))
  const typesOf = async () =>
    (await readStream()).filter(({ data }) => data?.includes(id)).map(({ type }) => type)
  await eventually(async () => expect(await typesOf()).toEqual(['reservation.held', 'reservation.expired']))
  await jobs.stop()
})

test('more lapsed holds than one batch are ended without a pause', async () => {
  const concert = await createConcertFixture(db, { seatCount: 450 })
  await Promise.all(
    Array.from({ length: 450 }, (_, index) => holdSeats(db, holdArgs(createBuyer(concert), [index + 1]))),
  )
  await passTime(sql, HOLD_MS)
  const jobs = start(options)
  await eventually(async () =>
    expect(await sql`select from reservations where status = 'HELD'`).toHaveLength(0),
  )
  await eventually(async () => expect(await sql`select from outbox`).toHaveLength(0))
  await jobs.stop()
  expect(failures).toEqual([])
})

test('keys past their retention are deleted, and others stay', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const [old, young] = [chargeArgs(buyer, 1), chargeArgs(buyer, 2)]
  await chargePoints(db, old)
  await passTime(sql, 48 * 60 * 60 * 1000)
  await chargePoints(db, young)
  const jobs = start(options)
  const keys = async () =>
    (await sql<{ key: string }[]>`select key from idempotency_keys`).map(({ key }) => key)
  await eventually(async () => expect(await keys()).toEqual([young.key]))
  await jobs.stop()
})
