import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import * as payments from '../../src/db/payments.ts'
import { loadPayments, loadPaymentsByReservation } from '../../src/db/payments.ts'
import { chargePoints } from '../../src/db/points.ts'
import * as reservations from '../../src/db/reservations.ts'
import { listReservations, loadReservations } from '../../src/db/reservations.ts'
import { createUser, loadUsers } from '../../src/db/users.ts'
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
} from '../support/fixtures.ts'

const { db, sql } = await openTestDb()

test('created users are found by id, and cannot be created twice', async () => {
  const user = { id: randomUUID(), name: 'Minji' }
  await createUser(db, user)
  expect(await loadUsers(db, [randomUUID(), user.id])).toEqual([user])
  expect(await loadUsers(db, [])).toEqual([])
  await expect(createUser(db, user)).rejects.toMatchObject({ code: '23505' })
})

test('a user’s reservations are listed in pages, with their current status', async () => {
  const concert = await createConcertFixture(db)
  const [buyer, other] = [createBuyer(concert), createBuyer(concert)]
  const ids: string[] = []
  for (const seat of [1, 2, 3])
    ids.push(await holdSeats(db, holdArgs(buyer, [seat], { holdMs: seat * HOLD_MS })))
  await holdSeats(db, holdArgs(other, [4]))
  const page = { limit: 10, after: undefined, before: undefined, fromEnd: false }
  const list = async (part: object) =>
    (await listReservations(db, buyer.userId, { ...page, ...part })).map(({ id }) => ids.indexOf(id))
  expect(await list({})).toEqual([0, 1, 2])
  expect(await list({ after: ids[0], limit: 1 })).toEqual([1])
  expect(await list({ fromEnd: true, limit: 2 })).toEqual([2, 1])
  expect(await list({ fromEnd: true, before: ids[1] })).toEqual([0])
  await passTime(sql, HOLD_MS)
  const statuses = (await listReservations(db, buyer.userId, page)).map(({ status }) => status)
  expect(statuses).toEqual(['EXPIRED', 'HELD', 'HELD'])
})

test('a mutation returns what a later read returns, and so does its repetition', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 200))
  const wanted = holdArgs(buyer, [2, 1])
  const held = await reservations.holdSeats(db, wanted)
  expect(await loadReservations(db, [held.id])).toEqual([held])
  expect(await reservations.holdSeats(db, wanted)).toEqual(held)
  const payment = paymentArgs(buyer, held.id)
  const { spentTicketNumber, ...paid } = await payments.payReservation(db, payment)
  expect(spentTicketNumber).toBe(buyer.ticket.number)
  expect(await loadPayments(db, [paid.id])).toEqual([paid])
  expect(await payments.payReservation(db, payment)).toEqual({ ...paid, spentTicketNumber })
  expect(await reservations.holdSeats(db, wanted)).toEqual({ ...held, status: 'PAID' })
})

test('ids that do not exist are left out', async () => {
  expect(await loadReservations(db, [randomUUID()])).toEqual([])
  expect(await loadPayments(db, [randomUUID()])).toEqual([])
  expect(await loadPaymentsByReservation(db, [randomUUID()])).toEqual([])
})
