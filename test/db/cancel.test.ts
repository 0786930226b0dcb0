import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { loadReservations } from '../../src/db/reservations.ts'
import { AlreadyPaid, HoldExpired, ReservationNotFound } from '../../src/domain/refusals.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  paymentArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql } = await openTestDb()
const newBuyer = async () => createBuyer(await createConcertFixture(db))

test('cancelling a hold frees its seats at once, and adds an event', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  expect(await cancelReservation(db, cancelArgs(buyer, id))).toBe(id)
  expect(await loadReservations(db, [id])).toMatchObject([{ status: 'CANCELLED' }])
  await holdSeats(db, holdArgs(createBuyer(buyer), [1, 2]))
  expect(await sql`select type from outbox where subject_id = ${id} order by id`).toMatchObject([
    { type: 'reservation.held' },
    { type: 'reservation.cancelled' },
  ])
  await expectInvariants(sql)
})

test('cancelling a cancelled hold succeeds without a second event', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await cancelReservation(db, cancelArgs(buyer, id))
  expect(await cancelReservation(db, cancelArgs(buyer, id))).toBe(id)
  expect(await sql`select from outbox where subject_id = ${id}`).toHaveLength(2)
})

test('a lapsed hold and a paid reservation cannot be cancelled', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 100))
  const paid = await holdSeats(db, holdArgs(buyer, [1]))
  const paymentId = await payReservation(db, paymentArgs(buyer, paid))
  await expect(cancelReservation(db, cancelArgs(buyer, paid))).rejects.toEqual(new AlreadyPaid(paymentId))

  const other = createBuyer(buyer)
  const lapsed = await holdSeats(db, holdArgs(other, [2]))
  await passTime(sql, HOLD_MS)
  const heldUntil = (await loadReservations(db, [lapsed]))[0]?.heldUntil ?? new Date(0)
  await expect(cancelReservation(db, cancelArgs(other, lapsed))).rejects.toEqual(new HoldExpired(heldUntil))
})

test('another user’s hold is not found', async () => {
  const [owner, other] = [await newBuyer(), await newBuyer()]
  const id = await holdSeats(db, holdArgs(owner, [1]))
  for (const unknown of [id, randomUUID()])
    await expect(cancelReservation(db, cancelArgs(other, unknown))).rejects.toEqual(new ReservationNotFound())
  expect(await loadReservations(db, [id])).toMatchObject([{ status: 'HELD' }])
})
