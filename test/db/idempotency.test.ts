import { randomUUID } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { createConcert } from '../../src/db/catalog.ts'
import { pruneIdempotencyKeys } from '../../src/db/idempotency.ts'
import { chargePoints } from '../../src/db/points.ts'
import { IdempotencyKeyReused } from '../../src/domain/refusals.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  resultOf,
  paymentArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  outcomeOf,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql } = await openTestDb()
const fixture = await createConcertFixture(db)

/** The number of rows that an effect could add to. */
const effects = async () =>
  (
    await sql`select (select count(*) from reservations) as reservations, (select count(*) from seat_claims) as claims,
      (select count(*) from transfers) as transfers, (select count(*) from outbox) as events`
  )[0]

/** Calls twice with the same key, runs `between` in the meantime, and expects the first answer again. */
async function expectReplay(outcome: string, call: () => Promise<unknown>, between?: () => Promise<unknown>) {
  const first = await resultOf(call())
  expect(outcomeOf(first)).toBe(outcome)
  await between?.()
  const before = await effects()
  expect(await resultOf(call())).toEqual(first)
  expect(await effects()).toEqual(before)
}

test('a hold is answered as before after it was cancelled and the seat was held by another user', async () => {
  const buyer = createBuyer(fixture)
  const key = randomUUID()
  const id = await holdSeats(db, holdArgs(buyer, [2, 1], { key }))
  await cancelReservation(db, cancelArgs(buyer, id))
  await holdSeats(db, holdArgs(createBuyer(fixture), [1, 2]))
  await expectReplay('ok', () => holdSeats(db, holdArgs(buyer, [1, 2], { key })))
})

test('a stored answer is repeated even with a ticket of another concert', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const { concertId } = await createConcertFixture(db)
  const ticket = { ...buyer.ticket, concertId }
  const [held, paid] = [randomUUID(), randomUUID()]
  await chargePoints(db, chargeArgs(buyer, 100))
  const id = await holdSeats(db, holdArgs(buyer, [1], { key: held }))
  expect(await holdSeats(db, holdArgs(buyer, [1], { key: held, ticket }))).toBe(id)
  const payment = await payReservation(db, paymentArgs(buyer, id, { key: paid }))
  expect(await payReservation(db, paymentArgs(buyer, id, { key: paid, concertId }))).toBe(payment)
  expect(await holdSeats(db, holdArgs(buyer, [1], { key: held, ticket }))).toBe(id)
})

test('a refused hold stays refused after its reason has gone', async () => {
  const [owner, buyer] = [createBuyer(fixture), createBuyer(fixture)]
  const id = await holdSeats(db, holdArgs(owner, [5]))
  const taken = randomUUID()
  await expectReplay(
    'SeatTaken',
    () => holdSeats(db, holdArgs(buyer, [5], { key: taken })),
    () => cancelReservation(db, cancelArgs(owner, id)),
  )
  const limited = randomUUID()
  const mine = await holdSeats(db, holdArgs(buyer, [6]))
  await expectReplay(
    'SeatLimitExceeded',
    () => holdSeats(db, holdArgs(buyer, [7], { key: limited, seatLimit: 1 })),
    () => cancelReservation(db, cancelArgs(buyer, mine)),
  )
  const missing = randomUUID()
  await expectReplay('SeatNotFound', () => holdSeats(db, holdArgs(buyer, [51], { key: missing })))
  const over = createBuyer(await createConcertFixture(db))
  const closed = randomUUID()
  await sql`update performances set starts_at = now() - interval '1 second' where id = ${over.performanceId}`
  await expectReplay(
    'SalesClosed',
    () => holdSeats(db, holdArgs(over, [1], { key: closed })),
    () => sql`update performances set starts_at = now() + interval '1 day' where id = ${over.performanceId}`,
  )
})

test('a refused payment stays refused after its reason has gone', async () => {
  const buyer = createBuyer(fixture)
  const id = await holdSeats(db, holdArgs(buyer, [10]))
  const [poor, early, twice] = [randomUUID(), randomUUID(), randomUUID()]
  await expectReplay(
    'InsufficientPoints',
    () => payReservation(db, paymentArgs(buyer, id, { key: poor })),
    () => chargePoints(db, chargeArgs(buyer, 1_000)),
  )
  const nobodys = randomUUID()
  await expectReplay('ReservationNotFound', () =>
    payReservation(db, paymentArgs(buyer, nobodys, { key: early })),
  )
  await expectReplay('ok', () => payReservation(db, paymentArgs(buyer, id, { key: twice })))
  await expectReplay('AlreadyPaid', () => payReservation(db, paymentArgs(buyer, id, { key: nobodys })))
})

test('payments and cancellations, also refused ones, are answered as before after the deadline', async () => {
  const buyer = createBuyer(fixture)
  const [cancelled, lapsed] = [
    await holdSeats(db, holdArgs(buyer, [20])),
    await holdSeats(db, holdArgs(buyer, [21])),
  ]
  const [once, late, lateToo] = [randomUUID(), randomUUID(), randomUUID()]
  await expectReplay(
    'ok',
    () => cancelReservation(db, cancelArgs(buyer, cancelled, once)),
    () => passTime(sql, HOLD_MS),
  )
  await expectReplay('HoldExpired', () => payReservation(db, paymentArgs(buyer, lapsed, { key: late })))
  await expectReplay('HoldExpired', () => cancelReservation(db, cancelArgs(buyer, lapsed, lateToo)))
  await expectReplay('ReservationNotFound', () =>
    cancelReservation(db, cancelArgs(createBuyer(fixture), lapsed, once)),
  )
})

test('a key with another operation or other arguments is refused', async () => {
  const buyer = createBuyer(fixture)
  const key = randomUUID()
  const id = await holdSeats(db, holdArgs(buyer, [30], { key }))
  const before = await effects()
  const others = [
    () => holdSeats(db, holdArgs(buyer, [31], { key })),
    () => holdSeats(db, holdArgs(buyer, [30, 31], { key })),
    () => payReservation(db, paymentArgs(buyer, id, { key })),
    () => cancelReservation(db, cancelArgs(buyer, id, key)),
    () => chargePoints(db, chargeArgs(buyer, 1, key)),
  ]
  for (const other of others) await expect(other()).rejects.toEqual(new IdempotencyKeyReused())
  expect(await effects()).toEqual(before)
  expect(await holdSeats(db, holdArgs(buyer, [30], { key }))).toBe(id)
})

test('two users can use the same key', async () => {
  const key = randomUUID()
  const [one, other] = [createBuyer(fixture), createBuyer(fixture)]
  expect(await holdSeats(db, holdArgs(one, [40], { key }))).not.toBe(
    await holdSeats(db, holdArgs(other, [41], { key })),
  )
})

test('keys past their retention are deleted in batches, and the others stay', async () => {
  const buyer = createBuyer(fixture)
  await sql`delete from idempotency_keys`
  await chargePoints(db, chargeArgs(buyer, 1))
  await sql`analyze idempotency_keys`
  for (let n = 0; n < 2; n++) await chargePoints(db, chargeArgs(buyer, 1))
  await passTime(sql, 10_000)
  const young = chargeArgs(buyer, 1)
  const answer = await chargePoints(db, young)
  expect(await pruneIdempotencyKeys(db, 20_000, 2)).toBe(0)
  expect(await pruneIdempotencyKeys(db, 10_000, 2)).toBe(2)
  expect(await pruneIdempotencyKeys(db, 10_000, 2)).toBe(1)
  expect(await pruneIdempotencyKeys(db, 10_000, 2)).toBe(0)
  expect(await chargePoints(db, young)).toEqual(answer)
})

test('a charge whose key was pruned is answered as before, and not applied again', async () => {
  const buyer = createBuyer(fixture)
  const charge = chargeArgs(buyer, 100)
  const answer = await chargePoints(db, charge)
  await chargePoints(db, chargeArgs(buyer, 7))
  await passTime(sql, 10_000)
  while ((await pruneIdempotencyKeys(db, 10_000, 1_000)) > 0) continue
  expect(await sql`select from idempotency_keys where key = ${charge.key}`).toEqual([])
  const before = await effects()

  expect(await Promise.all(Array.from({ length: 20 }, () => chargePoints(db, charge)))).toEqual(
    Array.from({ length: 20 }, () => answer),
  )
  for (const other of [
    { ...charge, amount: 99 },
    { ...charge, userId: createBuyer(fixture).userId },
  ])
    await expect(chargePoints(db, other)).rejects.toEqual(new IdempotencyKeyReused())
  expect(await effects()).toEqual(before)
  await expectInvariants(sql)
})

test('a concert whose key was pruned is not added again', async () => {
  const [operator, key] = [randomUUID(), randomUUID()]
  const date = { startsAt: new Date(Date.now() + 864e5), seatCount: 5, seatPrice: 10 }
  const concert = { title: 'Once', queueCapacity: 5, queueRatePerSecond: null, performances: [date, date] }
  const add = (more: object = {}) => createConcert(db, operator, { ...concert, ...more }, uuidv7, key)
  const id = await add()
  await sql`delete from idempotency_keys`

  expect(await add()).toBe(id)
  for (const other of [
    { title: 'Twice' },
    { performances: [date] },
    { performances: [date, { ...date, seatPrice: 11 }] },
  ])
    await expect(add(other)).rejects.toEqual(new IdempotencyKeyReused())
  expect(await sql`select from concerts where title in ('Once', 'Twice')`).toHaveLength(1)
})
