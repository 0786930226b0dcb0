import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { audit } from '../support/audit.ts'
import { openBooks } from '../support/books.ts'
import {
  aCharge,
  aHold,
  answerOf,
  aPayment,
  createBuyer,
  createShow,
  HOLD_MS,
  passTime,
  tally,
  wordOf,
  holdSeats,
  payReservation,
} from '../support/show.ts'

const { sql, open, clear, whileHeld, untilBlocked } = await openBooks()
const servers = Array.from({ length: 4 }, () => open())
const [db] = servers as [Database]
const serverOf = (index: number) => servers[index % servers.length] ?? db
beforeEach(clear)

const CONNECTIONS = 40

/** Does it so many times, spread over the servers. As many as there are connections begin in the same moment. */
async function together<T>(count: number, run: (db: Database, index: number) => Promise<T>) {
  const calls = await whileHeld(
    (tx) => tx`lock table idempotency_keys in exclusive mode`,
    async () => {
      const started = Array.from({ length: count }, (_, index) => answerOf(run(serverOf(index), index)))
      await untilBlocked(Math.min(count, CONNECTIONS))
      return started
    },
  )
  return Promise.all(calls)
}

test('a hundred buyers, one seat: one has it, and ninety-nine are told', async () => {
  const show = await createShow(db)
  const answers = await together(100, (server) => holdSeats(server, aHold(createBuyer(show), [7])))
  expect(tally(answers)).toEqual({ ok: 1, SeatTaken: 99 })
  expect(await sql`select from reservations`).toHaveLength(1)
  await audit(sql)
})

test('who wants the same seats in another order waits in the same line: no deadlock, all or nothing', async () => {
  const show = await createShow(db)
  for (const seat of [1, 3, 5, 7, 9]) {
    const answers = await whileHeld(
      (tx) => tx`insert into seat_claims (performance_id, seat_number, reservation_id)
        values (${show.performanceId}, ${seat + 1}, ${randomUUID()})`,
      async () => {
        const wanted = [
          [seat, seat + 1],
          [seat + 1, seat],
        ]
        const calls = wanted.map((seats, index) =>
          answerOf(holdSeats(serverOf(index), aHold(createBuyer(show), seats))),
        )
        await untilBlocked(2)
        return calls
      },
    )
    expect(tally(await Promise.all(answers))).toEqual({ ok: 1, SeatTaken: 1 })
  }
  await audit(sql)
})

test('lapsed holds are taken over in one order: who waits for the first has not got the second', async () => {
  const show = await createShow(db)
  const [first, second] = [
    await holdSeats(db, aHold(createBuyer(show), [2])),
    await holdSeats(db, aHold(createBuyer(show), [1])),
  ]
  await passTime(sql, HOLD_MS)
  const answers = await whileHeld(
    (tx) => tx`select from reservations where id = ${first} for update`,
    async () => {
      const calls = servers.map((server) => answerOf(holdSeats(server, aHold(createBuyer(show), [1, 2]))))
      await untilBlocked(servers.length)
      expect(await sql`select from reservations where id = ${second} for update skip locked`).toHaveLength(1)
      return calls
    },
  )
  expect(tally(await Promise.all(answers))).toEqual({ ok: 1, SeatTaken: 3 })
  await audit(sql)
})

test('crowds that want overlapping seats, free or lapsed: no deadlock, all or nothing', async () => {
  const show = await createShow(db, { seatCount: 12 })
  for (let round = 0; round < 8; round++) {
    for (const first of [1, 4, 7, 10])
      await answerOf(holdSeats(db, aHold(createBuyer(show), [first, first + 1, first + 2])))
    await passTime(sql, 2 * HOLD_MS)
    const answers = await together(24, (server, index) => {
      const first = 1 + ((index * 5 + round) % 10)
      const seats = [first, first + 1, first + 2]
      return holdSeats(server, aHold(createBuyer(show), index % 2 ? seats : seats.reverse()))
    })
    expect(Object.keys(tally(answers)).sort()).toEqual(['SeatTaken', 'ok'])
  }
  await audit(sql)
})

test('a hundred calls with one key are one hold', async () => {
  const buyer = createBuyer(await createShow(db))
  const key = randomUUID()
  const answers = await together(100, (server) => holdSeats(server, aHold(buyer, [1, 2], { key })))
  expect(new Set(answers)).toEqual(new Set([answers[0]]))
  expect(tally(answers)).toEqual({ ok: 100 })
  expect(await sql`select from reservations`).toHaveLength(1)
})

test('a hundred calls with one key are one charge, and so is a payment', async () => {
  const buyer = createBuyer(await createShow(db))
  const charge = aCharge(buyer, 100)
  const charged = await together(100, (server) => chargePoints(server, charge))
  expect(charged).toEqual(Array.from({ length: 100 }, () => ({ userId: buyer.userId, balance: 100 })))

  const [key, id] = [randomUUID(), await holdSeats(db, aHold(buyer, [1]))]
  const paid = await together(100, (server) => payReservation(server, aPayment(buyer, id, { key })))
  expect(new Set(paid).size).toBe(1)
  expect(tally(paid)).toEqual({ ok: 100 })
  expect(await loadAccounts(db, [buyer.userId])).toMatchObject([{ balance: 0 }])
  await audit(sql)
})

test('a hundred payments of one hold, each with a key of its own, are one payment', async () => {
  const buyer = createBuyer(await createShow(db))
  await chargePoints(db, aCharge(buyer, 10_000))
  const id = await holdSeats(db, aHold(buyer, [1]))
  const answers = await together(100, (server) => payReservation(server, aPayment(buyer, id)))
  expect(tally(answers)).toEqual({ ok: 1, AlreadyPaid: 99 })
  expect(await loadAccounts(db, [buyer.userId])).toMatchObject([{ balance: 9_900 }])
  await audit(sql)
})

test('points that are enough for one of ten holds pay for one', async () => {
  const buyer = createBuyer(await createShow(db))
  await chargePoints(db, aCharge(buyer, 150))
  const ids: string[] = []
  for (let seat = 1; seat <= 10; seat++)
    ids.push(await holdSeats(db, aHold(buyer, [seat], { seatLimit: 10 })))
  const answers = await together(10, (server, index) =>
    payReservation(server, aPayment(buyer, ids[index] ?? '')),
  )
  expect(tally(answers)).toEqual({ ok: 1, InsufficientPoints: 9 })
  await audit(sql)
})

test('a buyer who asks for many seats at once gets no more than anybody may have', async () => {
  const buyer = createBuyer(await createShow(db))
  const answers = await together(20, (server, index) => holdSeats(server, aHold(buyer, [index + 1])))
  expect(tally(answers)).toEqual({ ok: 4, SeatLimitExceeded: 16 })
})

test('seats that are wanted while a payment spends the ticket: the one or the other, never both', async () => {
  const buyer = createBuyer(await createShow(db))
  await chargePoints(db, aCharge(buyer, 100))
  const id = await holdSeats(db, aHold(buyer, [1]))
  const [paid, held] = await whileHeld(
    (tx) => tx`select from accounts where user_id = ${buyer.userId} for update`,
    async () => {
      const paying = answerOf(payReservation(db, aPayment(buyer, id)))
      await untilBlocked(1)
      const holding = answerOf(holdSeats(serverOf(1), aHold(buyer, [2])))
      await untilBlocked(2)
      return [paying, holding]
    },
  )
  expect([wordOf(await paid), wordOf(await held)]).toEqual(['ok', 'NOT_ADMITTED'])

  for (let round = 2; round < 24; round++) {
    const again = { ...buyer, ticket: { ...buyer.ticket, number: round } }
    await chargePoints(db, aCharge(buyer, 200))
    const first = await holdSeats(db, aHold(again, [2 * round], { seatLimit: 100 }))
    await Promise.all([
      payReservation(db, aPayment(again, first)),
      answerOf(holdSeats(serverOf(1), aHold(again, [2 * round + 1], { seatLimit: 100 }))).then(
        async (answer) => {
          if (typeof answer === 'string') await payReservation(db, aPayment(again, answer))
        },
      ),
    ])
  }
  await audit(sql)
})
