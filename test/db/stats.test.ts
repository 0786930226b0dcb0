import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { readSeatStats } from '../../src/db/stats.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  chargeArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  holdArgs,
  holdSeats,
  passTime,
  paymentArgs,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql } = await openTestDb()

test('every seat of a concert is counted as sold, held or free; the seats of a lapsed hold are free', async () => {
  const concert = await createConcertFixture(db, { seatCount: 10, seatPrice: 100 })
  const [buyer, other] = [createBuyer(concert, 1), createBuyer(concert, 2)]
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await chargePoints(db, chargeArgs(buyer, 500))
  await payReservation(db, paymentArgs(buyer, id))
  await holdSeats(db, holdArgs(other, [3]))
  const stats = { sold: 2, held: 1, free: 7, oversold: 0, revenue: 200 }
  expect(await readSeatStats(db, concert.concertId)).toEqual(stats)
  await passTime(sql, HOLD_MS)
  expect(await readSeatStats(db, concert.concertId)).toEqual({ ...stats, held: 0, free: 8 })
})

test('a concert that does not exist has no seats', async () => {
  const nothing = { sold: 0, held: 0, free: 0, oversold: 0, revenue: 0 }
  expect(await readSeatStats(db, randomUUID())).toEqual(nothing)
})

test('a seat with two owners, and one that does not exist, are counted as oversold', async () => {
  const concert = await createConcertFixture(db, { seatCount: 10 })
  const [first, second] = [createBuyer(concert, 1), createBuyer(concert, 2)]
  await holdSeats(db, holdArgs(first, [1]))
  const id = await holdSeats(db, holdArgs(second, [2]))
  await sql`drop index seat_claims_one_live_per_seat`
  for (const seat of [1, 11])
    await sql`insert into seat_claims (performance_id, seat_number, reservation_id)
      values (${concert.performanceId}, ${seat}, ${id})`
  expect(await readSeatStats(db, concert.concertId)).toMatchObject({ oversold: 2, free: 8 })
})
