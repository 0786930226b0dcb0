import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { loadPayments, loadPaymentsByReservation } from '../../src/db/payments.ts'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
import {
  AlreadyPaid,
  HoldExpired,
  IdempotencyKeyReused,
  InsufficientPoints,
  ReservationNotFound,
} from '../../src/domain/refusals.ts'
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
  isSpent,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'
import type { Buyer } from '../support/fixtures.ts'

const { db, sql } = await openTestDb()
const newBuyer = async () => createBuyer(await createConcertFixture(db))
const balanceOf = async ({ userId }: Buyer) => (await loadAccounts(db, [userId]))[0]?.balance
const reservationOf = async (id: string) => (await loadReservations(db, [id]))[0]

test('a payment debits the price, marks the reservation PAID, and adds an event', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await chargePoints(db, chargeArgs(buyer, 500))
  const wanted = paymentArgs(buyer, id)
  const paymentId = await payReservation(db, wanted)
  expect(paymentId).toBe(wanted.paymentId)
  expect(await balanceOf(buyer)).toBe(300)
  expect(await reservationOf(id)).toMatchObject({ status: 'PAID', price: 200 })
  const [payment] = await loadPayments(db, [paymentId])
  expect(payment).toMatchObject({ id: paymentId, reservationId: id, userId: buyer.userId, amount: 200 })
  expect(await loadPaymentsByReservation(db, [id])).toEqual([payment])
  const [event] = await sql`select type, data from outbox where subject_id = ${id} order by id desc limit 1`
  expect(event).toEqual({
    type: 'payment.completed',
    data: {
      reservationId: id,
      concertId: buyer.concertId,
      performanceId: buyer.performanceId,
      userId: buyer.userId,
      seatNumbers: [1, 2],
      price: 200,
      paymentId,
      ticketNumber: 1,
      spendsTicket: true,
    },
  })
  await expectInvariants(sql)
})

test('free seats are paid with 0 points', async () => {
  const buyer = createBuyer(await createConcertFixture(db, { seatPrice: 0 }))
  await payReservation(db, paymentArgs(buyer, await holdSeats(db, holdArgs(buyer, [1]))))
  expect(await balanceOf(buyer)).toBe(0)
  await expectInvariants(sql)
})

test('a payment beyond the balance is refused with the balance and the price', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await chargePoints(db, chargeArgs(buyer, 199))
  await expect(payReservation(db, paymentArgs(buyer, id))).rejects.toEqual(new InsufficientPoints(199, 200))
  expect(await reservationOf(id)).toMatchObject({ status: 'HELD' })
  expect(await balanceOf(buyer)).toBe(199)
  await chargePoints(db, chargeArgs(buyer, 1))
  await payReservation(db, paymentArgs(buyer, id))
})

test('a second payment with another key is refused with the first payment’s id', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await chargePoints(db, chargeArgs(buyer, 500))
  const paymentId = await payReservation(db, paymentArgs(buyer, id))
  await expect(payReservation(db, paymentArgs(buyer, id))).rejects.toEqual(new AlreadyPaid(paymentId))
  expect(await balanceOf(buyer)).toBe(400)
})

test('lapsed, expired and cancelled holds cannot be paid', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 500))
  const cancelled = await holdSeats(db, holdArgs(buyer, [1]))
  await cancelReservation(db, cancelArgs(buyer, cancelled))
  const lapsed = await holdSeats(db, holdArgs(buyer, [2]))
  const takenOver = await holdSeats(db, holdArgs(buyer, [3]))
  await passTime(sql, HOLD_MS)
  await holdSeats(db, holdArgs(createBuyer(buyer), [3]))
  for (const id of [cancelled, lapsed, takenOver]) {
    const heldUntil = (await reservationOf(id))?.heldUntil ?? new Date(0)
    await expect(payReservation(db, paymentArgs(buyer, id))).rejects.toEqual(new HoldExpired(heldUntil))
  }
  expect(await balanceOf(buyer)).toBe(500)
})

test('a lapsed hold whose seats another buyer holds cannot be paid after the clock is set back', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 500))
  const lapsed = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await passTime(sql, HOLD_MS)
  await holdSeats(db, holdArgs(createBuyer(buyer), [2]))
  await passTime(sql, -HOLD_MS)
  await expect(payReservation(db, paymentArgs(buyer, lapsed))).rejects.toBeInstanceOf(HoldExpired)
  expect(await balanceOf(buyer)).toBe(500)
})

test('another user’s reservation is not found', async () => {
  const [owner, other] = [await newBuyer(), await newBuyer()]
  const id = await holdSeats(db, holdArgs(owner, [1]))
  for (const unknown of [id, randomUUID()])
    await expect(payReservation(db, paymentArgs(other, unknown))).rejects.toEqual(new ReservationNotFound())
})

test('a ticket of another concert is refused, and leaves the key unused', async () => {
  const buyer = await newBuyer()
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await chargePoints(db, chargeArgs(buyer, 100))
  const key = randomUUID()
  const { concertId } = await newBuyer()
  await expect(payReservation(db, paymentArgs(buyer, id, { key, concertId }))).rejects.toMatchObject({
    code: 'QUEUE_TICKET_INVALID',
  })
  await payReservation(db, paymentArgs(buyer, id, { key }))
})

test('the payment of the last live hold spends the ticket, an earlier one does not', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 500))
  const first = await holdSeats(db, holdArgs(buyer, [1]))
  const second = await holdSeats(db, holdArgs(buyer, [2]))
  await payReservation(db, paymentArgs(buyer, first))
  expect(await isSpent(db, buyer.ticket)).toBe(false)
  await payReservation(db, paymentArgs(buyer, second))
  expect(await isSpent(db, buyer.ticket)).toBe(true)
  expect(await isSpent(db, { ...buyer.ticket, number: 2 })).toBe(false)
  const spends = await sql`
    select data->'spendsTicket' as spends from outbox where type = 'payment.completed'
      and data->>'userId' = ${buyer.userId} order by id`
  expect(spends).toEqual([{ spends: false }, { spends: true }])
})

test('a payment spends the ticket of the hold, not another ticket of the user', async () => {
  const buyer = await newBuyer()
  const later = { ...buyer, ticket: { ...buyer.ticket, number: 2 } }
  await chargePoints(db, chargeArgs(buyer, 500))
  const [older, newer] = [
    await holdSeats(db, holdArgs(buyer, [1])),
    await holdSeats(db, holdArgs(later, [2])),
  ]
  await payReservation(db, paymentArgs(buyer, newer))
  expect([await isSpent(db, buyer.ticket), await isSpent(db, later.ticket)]).toEqual([false, true])
  await payReservation(db, paymentArgs(buyer, older))
  expect(await isSpent(db, buyer.ticket)).toBe(true)
})

test('after a payment, cancelling or expiring the last hold spends the ticket', async () => {
  const concert = await createConcertFixture(db)
  for (const end of ['cancelled', 'expired']) {
    const buyer = createBuyer(concert)
    await chargePoints(db, chargeArgs(buyer, 500))
    const paid = await holdSeats(db, holdArgs(buyer, end === 'cancelled' ? [1] : [2]))
    const other = await holdSeats(db, holdArgs(buyer, end === 'cancelled' ? [3] : [4]))
    await payReservation(db, paymentArgs(buyer, paid))
    expect(await isSpent(db, buyer.ticket)).toBe(false)
    if (end === 'cancelled') await cancelReservation(db, cancelArgs(buyer, other))
    else {
      await passTime(sql, HOLD_MS)
      // Somebody else has the seats before the hold is ended.
      await holdSeats(db, holdArgs(createBuyer(concert), [4]))
      await expireReservations(db, 10)
    }
    expect(await isSpent(db, buyer.ticket)).toBe(true)
    const [event] =
      await sql`select type, data from outbox where subject_id = ${other} order by id desc limit 1`
    expect(event).toMatchObject({ type: `reservation.${end}`, data: { ticketNumber: 1, spendsTicket: true } })
    await expect(holdSeats(db, holdArgs(buyer, [5]))).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  }
  await expectInvariants(sql)
})

test('after a payment, the ticket is refused once its last hold has lapsed, even before it is ended', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 500))
  const paid = await holdSeats(db, holdArgs(buyer, [1]))
  const key = randomUUID()
  const lapsed = await holdSeats(db, holdArgs(buyer, [2], { key }))
  await payReservation(db, paymentArgs(buyer, paid))
  await holdSeats(db, holdArgs(buyer, [3]))
  await passTime(sql, HOLD_MS)
  const next = holdArgs(buyer, [4])
  await expect(holdSeats(db, next)).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  expect(await holdSeats(db, holdArgs(buyer, [2], { key }))).toBe(lapsed)
  // The key is free for a new ticket.
  await holdSeats(db, { ...next, ticket: { ...buyer.ticket, number: 2 } })
})

test('lapsed holds and holds of other concerts do not keep a ticket from being spent', async () => {
  const buyer = await newBuyer()
  const elsewhere = await createConcertFixture(db)
  await chargePoints(db, chargeArgs(buyer, 500))
  await holdSeats(db, holdArgs(buyer, [1]))
  await passTime(sql, HOLD_MS)
  await holdSeats(db, holdArgs({ ...buyer, ...elsewhere, ticket: { ...buyer.ticket, ...elsewhere } }, [1]))
  await payReservation(db, paymentArgs(buyer, await holdSeats(db, holdArgs(buyer, [2]))))
  expect(await isSpent(db, buyer.ticket)).toBe(true)
})

test('a key that paid one reservation is refused for another', async () => {
  const buyer = await newBuyer()
  await chargePoints(db, chargeArgs(buyer, 500))
  const [first, second] = [
    await holdSeats(db, holdArgs(buyer, [1])),
    await holdSeats(db, holdArgs(buyer, [2])),
  ]
  const key = randomUUID()
  const paymentId = await payReservation(db, paymentArgs(buyer, first, { key }))
  expect(await payReservation(db, paymentArgs(buyer, first, { key }))).toBe(paymentId)
  await expect(payReservation(db, paymentArgs(buyer, second, { key }))).rejects.toEqual(
    new IdempotencyKeyReused(),
  )
  expect(await balanceOf(buyer)).toBe(400)
})
