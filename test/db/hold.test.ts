import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
import {
  IdempotencyKeyReused,
  SalesClosed,
  SeatLimitExceeded,
  SeatNotFound,
  SeatTaken,
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
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql } = await openTestDb()
const statusOf = async (id: string) => (await loadReservations(db, [id]))[0]?.status

test('a hold has its seats, its price and its deadline', async () => {
  const buyer = createBuyer(await createConcertFixture(db, { seatPrice: 250 }))
  const wanted = holdArgs(buyer, [9, 7])
  const before = Date.now()
  const id = await holdSeats(db, wanted)
  const after = Date.now()
  expect(id).toBe(wanted.reservationId)
  const [reservation] = await loadReservations(db, [id])
  expect(reservation).toMatchObject({
    performanceId: buyer.performanceId,
    userId: buyer.userId,
    seatNumbers: [7, 9],
    price: 500,
    status: 'HELD',
  })
  const heldUntil = reservation?.heldUntil.getTime() ?? 0
  expect(heldUntil).toBeGreaterThanOrEqual(before + HOLD_MS - 1)
  expect(heldUntil).toBeLessThanOrEqual(after + HOLD_MS + 1)
})

test('when some seats are taken none is held, and the refusal names the taken ones', async () => {
  const concert = await createConcertFixture(db)
  await holdSeats(db, holdArgs(createBuyer(concert), [2, 4]))
  const buyer = createBuyer(concert)
  await expect(holdSeats(db, holdArgs(buyer, [1, 2, 3, 4]))).rejects.toEqual(new SeatTaken([2, 4]))
  await holdSeats(db, holdArgs(createBuyer(concert), [1, 3]))
  await expect(holdSeats(db, holdArgs(buyer, [4]))).rejects.toEqual(new SeatTaken([4]))
})

test('a paid seat is taken for good', async () => {
  const concert = await createConcertFixture(db)
  const owner = createBuyer(concert)
  const id = await holdSeats(db, holdArgs(owner, [1]))
  await chargePoints(db, chargeArgs(owner, 100))
  await payReservation(db, paymentArgs(owner, id))
  await passTime(sql, 2 * HOLD_MS)
  await expect(holdSeats(db, holdArgs(createBuyer(concert), [1]))).rejects.toEqual(new SeatTaken([1]))
})

test('seats that do not exist are refused by number', async () => {
  const buyer = createBuyer(await createConcertFixture(db, { seatCount: 10 }))
  await expect(holdSeats(db, holdArgs(buyer, [0, 10, 11]))).rejects.toEqual(new SeatNotFound([0, 11]))
  await holdSeats(db, holdArgs(buyer, [1, 10]))
})

test('live and paid seats count towards the limit, lapsed and cancelled ones do not', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const hold = (...seats: number[]) => holdSeats(db, holdArgs(buyer, seats, { seatLimit: 3 }))
  const paid = await hold(1)
  const cancelled = await hold(2)
  await chargePoints(db, chargeArgs(buyer, 100))
  await payReservation(db, paymentArgs(buyer, paid))
  await expect(hold(3, 4)).rejects.toEqual(new SeatLimitExceeded(3))
  await hold(3)
  await cancelReservation(db, cancelArgs(buyer, cancelled))
  await hold(4)
  await expect(hold(5)).rejects.toEqual(new SeatLimitExceeded(3))
  await passTime(sql, HOLD_MS)
  const ticket = { ...buyer.ticket, number: 2 }
  await holdSeats(db, holdArgs(buyer, [5, 6], { seatLimit: 3, ticket }))
})

test('a date that has begun is no longer on sale', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await sql`update performances set starts_at = now() - interval '1 second' where id = ${buyer.performanceId}`
  await expect(holdSeats(db, holdArgs(buyer, [1]))).rejects.toEqual(new SalesClosed())
})

test('the seats of a lapsed hold are free at once, and the sweeper ends it after they were taken', async () => {
  const concert = await createConcertFixture(db)
  const [first, second] = [createBuyer(concert), createBuyer(concert)]
  const lapsed = await holdSeats(db, holdArgs(first, [1, 2]))
  await passTime(sql, HOLD_MS)
  expect(await statusOf(lapsed)).toBe('EXPIRED')
  await holdSeats(db, holdArgs(second, [2, 3]))
  await expectInvariants(sql)
  await expireReservations(db, 100)
  const [row] =
    await sql`select status, decided_at >= held_until as after from reservations where id = ${lapsed}`
  expect(row).toEqual({ status: 'EXPIRED', after: true })
  expect(await sql`select type from outbox where subject_id = ${lapsed} order by id`).toMatchObject([
    { type: 'reservation.held' },
    { type: 'reservation.expired' },
  ])
  await holdSeats(db, holdArgs(createBuyer(concert), [1]))
  await expectInvariants(sql)
})

test('a ticket of another concert and a date that does not exist are refused, and leave the key unused', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const elsewhere = createBuyer(await createConcertFixture(db))
  const key = randomUUID()
  await expect(holdSeats(db, holdArgs(buyer, [1], { key, ticket: elsewhere.ticket }))).rejects.toMatchObject({
    code: 'QUEUE_TICKET_INVALID',
  })
  const nowhere = randomUUID()
  await expect(holdSeats(db, holdArgs(buyer, [1], { key, performanceId: nowhere }))).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  await holdSeats(db, holdArgs(buyer, [1], { key }))
})

test('a ticket that is not admitted only gets a stored answer', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const out = { admitted: false, key: randomUUID() }
  await expect(holdSeats(db, holdArgs(buyer, [1], out))).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  const id = await holdSeats(db, holdArgs(buyer, [1], { key: out.key }))
  expect(await holdSeats(db, holdArgs(buyer, [1], out))).toBe(id)
  await expect(holdSeats(db, holdArgs(buyer, [2], out))).rejects.toEqual(new IdempotencyKeyReused())
})

test('a spent ticket is refused whatever the queue says, and the key can be used with a new ticket', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await chargePoints(db, chargeArgs(buyer, 100))
  await payReservation(db, paymentArgs(buyer, id))
  const key = randomUUID()
  await expect(holdSeats(db, holdArgs(buyer, [2], { key }))).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  expect(await sql`select from idempotency_keys where key = ${key}`).toHaveLength(0)
  await holdSeats(db, holdArgs(buyer, [2], { key, ticket: { ...buyer.ticket, number: 2 } }))
})
