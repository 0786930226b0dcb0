import { expect, test } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { chargePoints } from '../../src/db/points.ts'
import { expireReservations } from '../../src/db/reservations.ts'
import { audit } from '../support/audit.ts'
import { openBooks } from '../support/books.ts'
import {
  aCancel,
  aCharge,
  aHold,
  answerOf,
  aPayment,
  createBuyers,
  createShow,
  tally,
  wordOf,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/show.ts'
import type { Buyer } from '../support/show.ts'

const { sql, open } = await openBooks()
const servers = [open(), open(), open()]

const CALLS = 1_500
const AT_ONCE = 30

/** Numbers below `limit`, the same ones in every run; how the calls meet in the database is chance enough. */
function createDice(seed = 1): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** Everybody does anything at any time, and sends some of it twice. */
async function storm() {
  const roll = createDice()
  const pick = <T>(list: readonly T[]): T => list[roll(list.length)] as T
  const [db] = servers as [Database]
  const show = await createShow(db, { seatCount: 60, seatPrice: 30 })
  const buyers = createBuyers(show, 8)
  const held: { buyer: Buyer; id: string }[] = []
  const calls: ((db: Database) => Promise<unknown>)[] = []
  const answers: unknown[] = []
  const replays: { first: unknown; again: unknown }[] = []

  function invent(): (db: Database) => Promise<unknown> {
    const buyer = pick(buyers)
    const kind = roll(10)
    if (kind < 1) return (server) => expireReservations(server, 5)
    if (kind < 3) {
      const charge = aCharge(buyer, 1 + roll(10))
      return (server) => chargePoints(server, charge)
    }
    if (kind < 7 || held.length === 0) {
      // Everybody wants the same few seats, others as time goes on, so that there are always free ones.
      const front = Math.floor((calls.length / CALLS) * 48)
      const seats = Array.from({ length: 1 + roll(3) }, () => front + 1 + roll(12))
      const hold = aHold(buyer, [...new Set(seats)], { holdMs: 5 + roll(60), seatLimit: 12 })
      return async (server) => {
        const id = await holdSeats(server, hold).catch((error: unknown) => {
          // A spent ticket: the next time this buyer comes with a new one.
          if (wordOf(error) === 'NOT_ADMITTED')
            buyer.ticket = { ...buyer.ticket, number: hold.ticket.number + 8 }
          throw error
        })
        held.push({ buyer, id })
        return id
      }
    }
    const { buyer: owner, id } = held[held.length - 1 - roll(Math.min(10, held.length))] ?? pick(held)
    if (kind < 9) {
      const payment = aPayment(owner, id)
      return (server) => payReservation(server, payment)
    }
    const cancel = aCancel(owner, id)
    return (server) => cancelReservation(server, cancel)
  }

  async function buyAndBuy(): Promise<void> {
    while (calls.length < CALLS) {
      const call = invent()
      calls.push(call)
      const first = await answerOf(call(pick(servers)))
      answers.push(first)
      if (roll(5) === 0) replays.push({ first, again: await answerOf(call(pick(servers))) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, buyAndBuy))
  return { answers, replays }
}

test('after any storm the books balance, and every answer was kept', async () => {
  const { answers, replays } = await storm()
  const counts = tally(answers)
  await audit(sql)

  // A sweep is no mutation: it has no key, and says something else each time.
  const keyed = replays.filter(({ first }) => typeof first !== 'number')
  for (const { first, again } of keyed)
    if (!('OVERLOADED' in tally([first, again]))) expect(again).toEqual(first)
  expect(counts['ok']).toBeGreaterThan(CALLS / 5)
  for (const word of ['SeatTaken', 'HoldExpired', 'AlreadyPaid']) expect(counts).toHaveProperty(word)
  expect(counts['OVERLOADED'] ?? 0).toBeLessThan(CALLS / 100)

  const told = await sql`
    select r.id from reservations r left join outbox o on o.subject_id = r.id
    group by r.id having array_agg(o.type order by o.id) <> 
      case r.status when 'HELD' then array['reservation.held']
        when 'PAID' then array['reservation.held', 'payment.completed']
        else array['reservation.held', 'reservation.' || lower(r.status)] end`
  expect(told).toHaveLength(0)
})
