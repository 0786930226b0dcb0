import { expect, test } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { chargePoints } from '../../src/db/points.ts'
import { expireReservations } from '../../src/db/reservations.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  resultOf,
  paymentArgs,
  createBuyers,
  createConcertFixture,
  countOutcomes,
  outcomeOf,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'
import type { Buyer } from '../support/fixtures.ts'

const { sql, open } = await openTestDb()
const servers = [open(), open(), open()]

const CALLS = 1_500
const CONCURRENCY = 30

/** Pseudo-random numbers below `limit`, the same in every run. Only the interleaving of the calls differs. */
function createRandom(seed = 1): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** Buyers make random calls concurrently, and repeat some of them. */
async function runRandomCalls() {
  const random = createRandom()
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  const [db] = servers as [Database]
  const concert = await createConcertFixture(db, { seatCount: 60, seatPrice: 30 })
  const buyers = createBuyers(concert, 8)
  const held: { buyer: Buyer; id: string }[] = []
  const calls: ((db: Database) => Promise<unknown>)[] = []
  const answers: unknown[] = []
  const replays: { first: unknown; again: unknown }[] = []

  function randomCall(): (db: Database) => Promise<unknown> {
    const buyer = pick(buyers)
    const kind = random(10)
    if (kind < 1) return (server) => expireReservations(server, 5)
    if (kind < 3) {
      const charge = chargeArgs(buyer, 1 + random(10))
      return (server) => chargePoints(server, charge)
    }
    if (kind < 7 || held.length === 0) {
      // Everybody wants the same few seats, others as time goes on, so that there are always free ones.
      const front = Math.floor((calls.length / CALLS) * 48)
      const seats = Array.from({ length: 1 + random(3) }, () => front + 1 + random(12))
      const hold = holdArgs(buyer, [...new Set(seats)], { holdMs: 5 + random(60), seatLimit: 12 })
      return async (server) => {
        const id = await holdSeats(server, hold).catch((error: unknown) => {
          // A spent ticket: the next time this buyer comes with a new one.
          if (outcomeOf(error) === 'NOT_ADMITTED')
            buyer.ticket = { ...buyer.ticket, number: hold.ticket.number + 8 }
          throw error
        })
        held.push({ buyer, id })
        return id
      }
    }
    const { buyer: owner, id } = held[held.length - 1 - random(Math.min(10, held.length))] ?? pick(held)
    if (kind < 9) {
      const payment = paymentArgs(owner, id)
      return (server) => payReservation(server, payment)
    }
    const cancel = cancelArgs(owner, id)
    return (server) => cancelReservation(server, cancel)
  }

  async function makeCalls(): Promise<void> {
    while (calls.length < CALLS) {
      const call = randomCall()
      calls.push(call)
      const first = await resultOf(call(pick(servers)))
      answers.push(first)
      if (random(5) === 0) replays.push({ first, again: await resultOf(call(pick(servers))) })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, makeCalls))
  return { answers, replays }
}

test('after concurrent random calls every invariant holds, and retries get the same answers', async () => {
  const { answers, replays } = await runRandomCalls()
  const counts = countOutcomes(answers)
  await expectInvariants(sql)

  // Expiry has no key, so a repetition may return something else.
  const keyed = replays.filter(({ first }) => typeof first !== 'number')
  for (const { first, again } of keyed)
    if (!('OVERLOADED' in countOutcomes([first, again]))) expect(again).toEqual(first)
  expect(counts['ok']).toBeGreaterThan(CALLS / 5)
  for (const outcome of ['SeatTaken', 'HoldExpired', 'AlreadyPaid']) expect(counts).toHaveProperty(outcome)
  expect(counts['OVERLOADED'] ?? 0).toBeLessThan(CALLS / 100)

  const lost = await sql`
    select r.id from reservations r left join outbox o on o.subject_id = r.id
    group by r.id having array_agg(o.type order by o.id) <> 
      case r.status when 'HELD' then array['reservation.held']
        when 'PAID' then array['reservation.held', 'payment.completed']
        else array['reservation.held', 'reservation.' || lower(r.status)] end`
  expect(lost).toHaveLength(0)
})
