import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
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
  outcomeOf,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'
import type { Buyer } from '../support/fixtures.ts'
import { eventually } from '../support/eventually.ts'

const { db, sql, whileLocked, untilBlocked } = await openTestDb()
/** Long enough for a call to begin before it lapses, also on a slow machine. */
const HOLD_MS = 2_500

/** A hold of seat 1 that soon lapses, with an owner who has enough points. */
async function arrange() {
  const owner = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(owner, 100))
  return { owner, id: await holdSeats(db, holdArgs(owner, [1], { holdMs: HOLD_MS })) }
}

/** Starts a call while the hold is live, and blocks it until the hold has lapsed. */
async function outcomeAfterExpiry(id: string, call: () => Promise<unknown>): Promise<string> {
  const answer = await whileLocked(
    (tx) => tx`select from reservations where id = ${id} for update`,
    async () => {
      const under = resultOf(call())
      await untilBlocked(1)
      const live = sql`select from reservations where id = ${id} and held_until > clock_timestamp()`
      expect(await live).toHaveLength(1)
      await eventually(async () =>
        expect(await loadReservations(db, [id])).toMatchObject([{ status: 'EXPIRED' }]),
      )
      return [under]
    },
  )
  return outcomeOf(await answer[0])
}

const balanceOf = async ({ userId }: Buyer) => (await loadAccounts(db, [userId]))[0]?.balance

test('a payment that began in time but got the lock after the deadline is refused', async () => {
  const { owner, id } = await arrange()
  expect(await outcomeAfterExpiry(id, () => payReservation(db, paymentArgs(owner, id)))).toBe('HoldExpired')
  expect(await balanceOf(owner)).toBe(100)
  await expectInvariants(sql)
})

test('a cancellation that got the lock after the deadline is refused', async () => {
  const { owner, id } = await arrange()
  expect(await outcomeAfterExpiry(id, () => cancelReservation(db, cancelArgs(owner, id)))).toBe('HoldExpired')
})

test('a seat whose hold lapses during the wait for its lock is held by the next buyer', async () => {
  const { owner, id } = await arrange()
  expect(await outcomeAfterExpiry(id, () => holdSeats(db, holdArgs(createBuyer(owner), [1])))).toBe('ok')
  expect(await loadReservations(db, [id])).toMatchObject([{ status: 'EXPIRED' }])
  await expectInvariants(sql)
})

test('heldUntil counts from when the seats were claimed, not from the request', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const [granted, call] = await whileLocked(
    (tx) => tx`insert into seat_claims (performance_id, seat_number, reservation_id)
      values (${buyer.performanceId}, 1, ${randomUUID()})`,
    async () => {
      const holding = holdSeats(db, holdArgs(buyer, [1]))
      await untilBlocked(1)
      return [(await sql<[{ at: Date }]>`select read_clock() as at`)[0].at, [holding]] as const
    },
  )
  const [row] = await sql<[{ held_at: Date }]>`select held_at from reservations where id = ${await call[0]}`
  expect(row.held_at.getTime()).toBeGreaterThanOrEqual(granted.getTime())
})

test('a payment after the sweeper is refused, a payment before it succeeds', async () => {
  const { owner, id } = await arrange()
  const late = await outcomeAfterExpiry(id, () => payReservation(db, paymentArgs(owner, id)))
  await expireReservations(db, 100)
  expect(late).toBe('HoldExpired')
  const other = createBuyer(owner)
  await chargePoints(db, chargeArgs(other, 100))
  const again = await holdSeats(db, holdArgs(other, [1], { holdMs: HOLD_MS }))
  await payReservation(db, paymentArgs(other, again))
  await eventually(async () =>
    expect(
      await sql`select from reservations where id = ${again} and held_until <= clock_timestamp()`,
    ).toHaveLength(1),
  )
  await expireReservations(db, 100)
  expect(await loadReservations(db, [again])).toMatchObject([{ status: 'PAID' }])
  await expectInvariants(sql)
})

test('a lapsed hold whose seat was taken cannot be paid, in any interleaving', async () => {
  for (let round = 0; round < 15; round++) {
    const { owner, id } = await arrange()
    await sql.unsafe(`set session_replication_role = replica;
      update reservations set held_until = clock_timestamp() + interval '3 milliseconds' where id = '${id}';
      set session_replication_role = origin`)
    const other = createBuyer(owner)
    const attempts = Array.from({ length: 8 }, (_, index) =>
      index % 2
        ? resultOf(payReservation(db, paymentArgs(owner, id)))
        : resultOf(holdSeats(db, holdArgs(other, [1]))),
    )
    await Promise.all([...attempts, expireReservations(db, 10)])
  }
  await expectInvariants(sql)
})
