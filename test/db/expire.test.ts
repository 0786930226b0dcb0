import { beforeEach, expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { loadTakenSeats } from '../../src/db/catalog.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  paymentArgs,
  createBuyer,
  createBuyers,
  createConcertFixture,
  HOLD_MS,
  passTime,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql, open, clear, whileLocked } = await openTestDb()
beforeEach(clear)
const rawStatus = async (id: string) =>
  (await sql<[{ status: string }]>`select status from reservations where id = ${id}`)[0].status

test('lapsed holds are ended with an event, and no others', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 100))
  const [lapsed, cancelled, paid] = [
    await holdSeats(db, holdArgs(buyer, [1])),
    await holdSeats(db, holdArgs(buyer, [2])),
    await holdSeats(db, holdArgs(buyer, [3])),
  ]
  await cancelReservation(db, cancelArgs(buyer, cancelled))
  await payReservation(db, paymentArgs(buyer, paid))
  expect(await expireReservations(db, 10)).toBe(0)
  await passTime(sql, HOLD_MS)
  const live = await holdSeats(db, holdArgs(createBuyer(buyer), [4]))
  expect(await rawStatus(lapsed)).toBe('HELD')
  expect(await loadTakenSeats(db, [buyer.performanceId])).toHaveLength(2)
  expect(await expireReservations(db, 10)).toBe(1)
  expect(await Promise.all([lapsed, cancelled, paid, live].map(rawStatus))).toEqual([
    'EXPIRED',
    'CANCELLED',
    'PAID',
    'HELD',
  ])
  expect(await sql`select data from outbox where type = 'reservation.expired'`).toEqual([
    {
      data: {
        reservationId: lapsed,
        concertId: buyer.concertId,
        performanceId: buyer.performanceId,
        userId: buyer.userId,
        seatNumbers: [1],
        price: 100,
        ticketNumber: 1,
        spendsTicket: true,
      },
    },
  ])
  expect(await expireReservations(db, 10)).toBe(0)
  expect(await loadReservations(db, [lapsed])).toMatchObject([{ status: 'EXPIRED' }])
  await expectInvariants(sql)
})

test('the oldest lapsed holds are ended first, up to the limit', async () => {
  const buyers = createBuyers(await createConcertFixture(db), 5)
  const ids: string[] = []
  for (const [index, buyer] of buyers.entries())
    ids.push(await holdSeats(db, holdArgs(buyer, [index + 1], { holdMs: HOLD_MS + index * 1_000 })))
  await passTime(sql, 2 * HOLD_MS)
  expect(await expireReservations(db, 2)).toBe(2)
  expect(await Promise.all(ids.map(rawStatus))).toEqual(['EXPIRED', 'EXPIRED', 'HELD', 'HELD', 'HELD'])
  expect(await expireReservations(db, 5)).toBe(3)
})

test('a locked hold is skipped without waiting', async () => {
  const concert = await createConcertFixture(db)
  const [one, other] = [createBuyer(concert), createBuyer(concert)]
  const [busy, idle] = [await holdSeats(db, holdArgs(one, [1])), await holdSeats(db, holdArgs(other, [2]))]
  await passTime(sql, HOLD_MS)
  await whileLocked(
    (tx) => tx`select from reservations where id = ${busy} for update`,
    async () => {
      expect(await expireReservations(db, 10)).toBe(1)
      expect(await Promise.all([busy, idle].map(rawStatus))).toEqual(['HELD', 'EXPIRED'])
    },
  )
  expect(await expireReservations(db, 10)).toBe(1)
})

test('concurrent sweepers end each hold once', async () => {
  const concert = await createConcertFixture(db)
  await Promise.all(
    createBuyers(concert, 40).map((buyer, index) => holdSeats(db, holdArgs(buyer, [index + 1]))),
  )
  await passTime(sql, HOLD_MS)
  const sweepers = [db, open(), open(), open()]
  const ended = await Promise.all(
    Array.from({ length: 12 }, (_, index) => expireReservations(sweepers[index % 4] ?? db, 10)),
  )
  const late = await expireReservations(db, 100)
  expect(ended.reduce((sum, count) => sum + count, late)).toBe(40)
  const [events] = await sql`
    select count(*)::int as all, count(distinct subject_id)::int as subjects
    from outbox where type = 'reservation.expired'`
  expect(events).toEqual({ all: 40, subjects: 40 })
  await expectInvariants(sql)
})
