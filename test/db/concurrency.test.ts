import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  chargeArgs,
  holdArgs,
  resultOf,
  paymentArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  countOutcomes,
  outcomeOf,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { sql, open, clear, whileLocked, untilBlocked } = await openTestDb()
const servers = Array.from({ length: 4 }, () => open())
const [db] = servers as [Database]
const serverOf = (index: number) => servers[index % servers.length] ?? db
beforeEach(clear)

const CONNECTIONS = 40

/** Runs `count` calls, spread over the servers. The first 40, one for each connection, start at the same time. */
async function runConcurrently<T>(count: number, run: (db: Database, index: number) => Promise<T>) {
  const calls = await whileLocked(
    (tx) => tx`lock table idempotency_keys in exclusive mode`,
    async () => {
      const started = Array.from({ length: count }, (_, index) => resultOf(run(serverOf(index), index)))
      await untilBlocked(Math.min(count, CONNECTIONS))
      return started
    },
  )
  return Promise.all(calls)
}

test('of a hundred concurrent holds of one seat, one succeeds and ninety-nine are refused', async () => {
  const concert = await createConcertFixture(db)
  const answers = await runConcurrently(100, (server) =>
    holdSeats(server, holdArgs(createBuyer(concert), [7])),
  )
  expect(countOutcomes(answers)).toEqual({ ok: 1, SeatTaken: 99 })
  expect(await sql`select from reservations`).toHaveLength(1)
  await expectInvariants(sql)
})

test('holds of the same seats in different orders do not deadlock, and hold all or nothing', async () => {
  const concert = await createConcertFixture(db)
  for (const seat of [1, 3, 5, 7, 9]) {
    const answers = await whileLocked(
      (tx) => tx`insert into seat_claims (performance_id, seat_number, reservation_id)
        values (${concert.performanceId}, ${seat + 1}, ${randomUUID()})`,
      async () => {
        const wanted = [
          [seat, seat + 1],
          [seat + 1, seat],
        ]
        const calls = wanted.map((seats, index) =>
          resultOf(holdSeats(serverOf(index), holdArgs(createBuyer(concert), seats))),
        )
        await untilBlocked(2)
        return calls
      },
    )
    expect(countOutcomes(await Promise.all(answers))).toEqual({ ok: 1, SeatTaken: 1 })
  }
  await expectInvariants(sql)
})

test('lapsed holds are locked in one order: a call that waits for the first has not locked the second', async () => {
  const concert = await createConcertFixture(db)
  const [first, second] = [
    await holdSeats(db, holdArgs(createBuyer(concert), [2])),
    await holdSeats(db, holdArgs(createBuyer(concert), [1])),
  ]
  await passTime(sql, HOLD_MS)
  const answers = await whileLocked(
    (tx) => tx`select from reservations where id = ${first} for update`,
    async () => {
      const calls = servers.map((server) =>
        resultOf(holdSeats(server, holdArgs(createBuyer(concert), [1, 2]))),
      )
      await untilBlocked(servers.length)
      expect(await sql`select from reservations where id = ${second} for update skip locked`).toHaveLength(1)
      return calls
    },
  )
  expect(countOutcomes(await Promise.all(answers))).toEqual({ ok: 1, SeatTaken: 3 })
  await expectInvariants(sql)
})

test('concurrent holds of overlapping seats, free or lapsed, do not deadlock, and hold all or nothing', async () => {
  const concert = await createConcertFixture(db, { seatCount: 12 })
  for (let round = 0; round < 8; round++) {
    for (const first of [1, 4, 7, 10])
      await resultOf(holdSeats(db, holdArgs(createBuyer(concert), [first, first + 1, first + 2])))
    await passTime(sql, 2 * HOLD_MS)
    const answers = await runConcurrently(24, (server, index) => {
      const first = 1 + ((index * 5 + round) % 10)
      const seats = [first, first + 1, first + 2]
      return holdSeats(server, holdArgs(createBuyer(concert), index % 2 ? seats : seats.reverse()))
    })
    expect(Object.keys(countOutcomes(answers)).sort()).toEqual(['SeatTaken', 'ok'])
  }
  await expectInvariants(sql)
})

test('a hundred concurrent calls with one key make one hold', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const key = randomUUID()
  const answers = await runConcurrently(100, (server) => holdSeats(server, holdArgs(buyer, [1, 2], { key })))
  expect(new Set(answers)).toEqual(new Set([answers[0]]))
  expect(countOutcomes(answers)).toEqual({ ok: 100 })
  expect(await sql`select from reservations`).toHaveLength(1)
})

test('a hundred concurrent calls with one key make one charge, and one payment', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const charge = chargeArgs(buyer, 100)
  const charged = await runConcurrently(100, (server) => chargePoints(server, charge))
  expect(charged).toEqual(Array.from({ length: 100 }, () => ({ userId: buyer.userId, balance: 100 })))

  const [key, id] = [randomUUID(), await holdSeats(db, holdArgs(buyer, [1]))]
  const paid = await runConcurrently(100, (server) => payReservation(server, paymentArgs(buyer, id, { key })))
  expect(new Set(paid).size).toBe(1)
  expect(countOutcomes(paid)).toEqual({ ok: 100 })
  expect(await loadAccounts(db, [buyer.userId])).toMatchObject([{ balance: 0 }])
  await expectInvariants(sql)
})

test('a hundred payments of one hold with different keys make one payment', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 10_000))
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  const answers = await runConcurrently(100, (server) => payReservation(server, paymentArgs(buyer, id)))
  expect(countOutcomes(answers)).toEqual({ ok: 1, AlreadyPaid: 99 })
  expect(await loadAccounts(db, [buyer.userId])).toMatchObject([{ balance: 9_900 }])
  await expectInvariants(sql)
})

test('concurrent payments never spend more than the balance', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 150))
  const ids: string[] = []
  for (let seat = 1; seat <= 10; seat++)
    ids.push(await holdSeats(db, holdArgs(buyer, [seat], { seatLimit: 10 })))
  const answers = await runConcurrently(10, (server, index) =>
    payReservation(server, paymentArgs(buyer, ids[index] ?? '')),
  )
  expect(countOutcomes(answers)).toEqual({ ok: 1, InsufficientPoints: 9 })
  await expectInvariants(sql)
})

test('concurrent holds of one user respect the seat limit', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const answers = await runConcurrently(20, (server, index) =>
    holdSeats(server, holdArgs(buyer, [index + 1])),
  )
  expect(countOutcomes(answers)).toEqual({ ok: 4, SeatLimitExceeded: 16 })
})

test('a hold that races with the payment that spends its ticket is made before it or refused', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 100))
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  const [paid, held] = await whileLocked(
    (tx) => tx`select from accounts where user_id = ${buyer.userId} for update`,
    async () => {
      const paying = resultOf(payReservation(db, paymentArgs(buyer, id)))
      await untilBlocked(1)
      const holding = resultOf(holdSeats(serverOf(1), holdArgs(buyer, [2])))
      await untilBlocked(2)
      return [paying, holding]
    },
  )
  expect([outcomeOf(await paid), outcomeOf(await held)]).toEqual(['ok', 'NOT_ADMITTED'])

  for (let round = 2; round < 24; round++) {
    const again = { ...buyer, ticket: { ...buyer.ticket, number: round } }
    await chargePoints(db, chargeArgs(buyer, 200))
    const first = await holdSeats(db, holdArgs(again, [2 * round], { seatLimit: 100 }))
    await Promise.all([
      payReservation(db, paymentArgs(again, first)),
      resultOf(holdSeats(serverOf(1), holdArgs(again, [2 * round + 1], { seatLimit: 100 }))).then(
        async (answer) => {
          if (typeof answer === 'string') await payReservation(db, paymentArgs(again, answer))
        },
      ),
    ])
  }
  await expectInvariants(sql)
})
