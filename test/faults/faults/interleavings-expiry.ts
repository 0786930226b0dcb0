/** A payment, an expiry and a conflicting hold at the same moment, in sessions of PostgreSQL, timed to the millisecond. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { createTestConcert, withDatabase, type TestConcert } from './users.ts'
import type { FaultCluster } from '../cluster/types.ts'

const PRICE = 100
const TRIES = 60
/** Each round has as many tries, twice as far apart. */
const ROUNDS_MAX = 10
/** Concurrent tries, each with three sessions. */
const AT_ONCE = 4
const HOLD_MS = 120

interface Answered {
  outcome: string
  reservationId?: string
}

const hold = async (
  sql: postgres.Sql,
  { concert, performance }: TestConcert,
  user: string,
  seat: number,
  holdMs: number,
): Promise<Answered> => {
  const [row] = await sql<[{ answer: Answered }]>`select hold_seats(
    ${user}, ${randomUUID()}, ${randomUUID()}, ${performance}, ${`{${seat}}`}::int[], ${concert}, 1, true, ${holdMs}, ${holdMs}, ${holdMs}, 4
  ) as answer`
  return row.answer
}

const charge = (sql: postgres.Sql, user: string) =>
  sql`select charge_points(${user}, ${randomUUID()}, ${user}, ${PRICE}, 1000000)`

const pay = async (
  sql: postgres.Sql,
  testConcert: TestConcert,
  user: string,
  reservation: string,
): Promise<Answered> => {
  const [row] = await sql<[{ answer: Answered }]>`select pay_reservation(
    ${user}, ${randomUUID()}, ${randomUUID()}, ${reservation}, ${testConcert.concert}) as answer`
  return row.answer
}

/** Sleeps in PostgreSQL until the hold ends, and `offsetMs` more. */
const sleepUntilExpiry = (sql: postgres.Sql, reservation: string, offsetMs: number) => sql`
  select pg_sleep(greatest(0, extract(epoch from held_until - clock_timestamp()) + ${offsetMs / 1000}::float8))
  from reservations where id = ${reservation}`

/**
 * A payment, an expiry and a conflicting hold at `heldUntil` ± 5 ms: exactly one wins, and the tables agree. On a slow machine
 * the same one may win every time: then the next round is further apart.
 */
export async function paymentAgainstExpiry(cluster: FaultCluster): Promise<void> {
  const testConcert = await createTestConcert(cluster, { seatCount: TRIES * ROUNDS_MAX })
  await withDatabase(cluster, async (sql) => {
    const outcomes = new Set<string>()
    for (let round = 0; round < ROUNDS_MAX && outcomes.size < 2; round++) {
      for (let first = 1; first <= TRIES; first += AT_ONCE) {
        const seats = Array.from({ length: AT_ONCE }, (_, index) => round * TRIES + first + index)
        for (const outcome of await Promise.all(
          seats.map((seat) => race(sql, testConcert, seat, 2 ** round)),
        ))
          outcomes.add(outcome)
      }
    }
    // Both have to win at some time, or there was no race.
    assert.deepEqual([...outcomes].sort(), ['HoldExpired', 'Paid'])
  })
}

/** @param stepMs between two neighbouring tries */
async function race(
  sql: postgres.Sql,
  testConcert: TestConcert,
  seat: number,
  stepMs: number,
): Promise<string> {
  const [user, rival] = [randomUUID(), randomUUID()]
  await charge(sql, user)
  const { reservationId: reservation = '' } = await hold(sql, testConcert, user, seat, HOLD_MS + 5 * stepMs)
  const offset = ((seat % 11) - 5) * stepMs
  const [paid, , taken] = await Promise.all([
    inSession(sql, async (session) => {
      await sleepUntilExpiry(session, reservation, offset / 1)
      return pay(session, testConcert, user, reservation)
    }),
    inSession(sql, async (session) => {
      await sleepUntilExpiry(session, reservation, 0)
      await session`select expire_reservations(200)`
    }),
    inSession(sql, async (session) => {
      await sleepUntilExpiry(session, reservation, -offset / 5)
      return hold(session, testConcert, rival, seat, 60_000)
    }),
  ])
  const [row] = await sql<
    [{ status: string; in_time: boolean; balance: number; payments: number; live: string[] }]
  >`
    select r.status, r.decided_at < r.held_until as in_time, a.balance::int,
      (select count(*)::int from payments p where p.reservation_id = r.id) as payments,
      array(select reservation_id::text from seat_claims where performance_id = r.performance_id
        and seat_number = ${seat} and released_at is null) as live
    from reservations r join accounts a on a.user_id = r.user_id where r.id = ${reservation}`
  const isPaid = paid.outcome === 'Paid'
  const what = JSON.stringify({ seat, offset, paid, taken, row })
  assert.ok(row.live.length <= 1, `one seat, two live claims: ${what}`)
  assert.equal(row.payments, isPaid ? 1 : 0, `payments: ${what}`)
  assert.equal(row.balance, isPaid ? 0 : PRICE, `balance: ${what}`)
  if (isPaid) {
    assert.deepEqual([row.status, row.in_time, taken.outcome], ['PAID', true, 'SeatTaken'], what)
  } else {
    assert.equal(paid.outcome, 'HoldExpired', what)
    assert.ok(row.status === 'EXPIRED' ? !row.in_time : row.status === 'HELD', what)
    if (taken.outcome === 'Held') assert.deepEqual(row.live, [taken.reservationId], what)
  }
  return paid.outcome
}

/** A payment that waits for a lock past the deadline is too late, however early it was sent. */
export async function lockHeldPastDeadline(cluster: FaultCluster): Promise<void> {
  const testConcert = await createTestConcert(cluster)
  for (const table of ['accounts', 'reservations'] as const) {
    await withDatabase(cluster, async (sql) => {
      const user = randomUUID()
      await charge(sql, user)
      const { reservationId = '' } = await hold(sql, testConcert, user, table === 'accounts' ? 1 : 2, 400)
      const late = await inSession(sql, async (session) => {
        await session`begin`
        const wanted = table === 'accounts' ? session`user_id = ${user}` : session`id = ${reservationId}`
        await session`select from ${session(table)} where ${wanted} for update`
        const payment = pay(sql, testConcert, user, reservationId)
        await sleepUntilExpiry(session, reservationId, 20)
        await session`commit`
        return payment
      })
      assert.equal(late.outcome, 'HoldExpired', `a payment that waited for ${table}`)
    })
  }
}

/** Runs on one connection. */
async function inSession<T>(sql: postgres.Sql, run: (session: postgres.Sql) => Promise<T>): Promise<T> {
  const session = await sql.reserve()
  try {
    return await run(session)
  } finally {
    session.release()
  }
}
