/** Backends killed in the middle of a statement, and a server frozen past a deadline. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import type { Op } from '../operations.ts'
import { createTestConcert, createTestUser, joinQueue, withDatabase, type Result } from './users.ts'
import type { FaultCluster } from '../cluster/types.ts'

/** The tables at which a statement is blocked, in the order in which it writes them. */
const LOCK_POINTS: { op: Op; tables: string[] }[] = [
  { op: 'holdSeats', tables: ['idempotency_keys', 'accounts', 'seat_claims', 'reservations', 'outbox'] },
  {
    op: 'payReservation',
    tables: ['idempotency_keys', 'accounts', 'payments', 'transfers', 'spent_tickets', 'outbox'],
  },
]

/** After a backend is killed in the middle of a hold or a payment there is no partial effect, and the same key works. */
export async function backendKilledInTheMiddle(cluster: FaultCluster): Promise<void> {
  const testConcert = await createTestConcert(cluster)
  const url = cluster.servers[0]?.directUrl ?? ''
  let seat = 0
  for (const { op, tables } of LOCK_POINTS) {
    for (const table of tables) {
      seat += 1
      const user = await createTestUser(cluster)
      const token = await joinQueue(user, url, testConcert)
      const request = (wanted: Op, more: object): Promise<Result> =>
        user.request(url, wanted, { input: { idempotencyKey: randomUUID(), ...more } }, token)
      await request('chargePoints', { amount: 100 })
      const seats = { performanceId: testConcert.performanceId, seatNumbers: [seat] }
      const input =
        op === 'holdSeats'
          ? { ...seats, idempotencyKey: randomUUID() }
          : { reservationId: (await request('holdSeats', seats)).fields.id, idempotencyKey: randomUUID() }

      await withDatabase(cluster, async (sql) => {
        await extendHolds(sql, user.uuid)
        const before = await userSnapshot(sql, user.uuid)
        const answer = await whileLocked(sql, table, op, () => request(op, input))
        const what = `${op}, killed at ${table}`
        assert.equal(answer.outcome, 'OVERLOADED', what)
        assert.equal(await userSnapshot(sql, user.uuid), before, `${what}: half an effect`)
      })
      const again = await untilDecided(() => request(op, input))
      assert.equal(again.outcome, 'ok', `${op} again, after ${table}`)
      const replayed = await untilDecided(() => request(op, input))
      assert.deepEqual(replayed.fields, again.fields, 'the same key gets another response')
    }
  }
}

/** Keeps holds from lapsing on a slow machine. The trigger that protects reservations is off meanwhile. */
const extendHolds = (sql: postgres.Sql, user: string) =>
  sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update reservations set held_until = held_until + interval '10 minutes' where user_id = ${user}`
  })

/** Sends it again while the server has no new connection yet, as a client does. */
async function untilDecided(run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const answer = await run()
    if (answer.outcome !== 'OVERLOADED' || tries === 60) return answer
    await sleep(1_000 * (answer.retryAfterSeconds ?? 1))
  }
}

/** Locks a table, and kills the backend that waits for it. */
async function whileLocked(
  sql: postgres.Sql,
  table: string,
  op: Op,
  run: () => Promise<Result>,
): Promise<Result> {
  const lock = await sql.reserve()
  const statement = op === 'holdSeats' ? 'hold_seats' : 'pay_reservation'
  try {
    await lock`begin`
    await lock.unsafe(`lock table ${table} in exclusive mode`)
    const answer = run()
    const answered = answer.then(() => true)
    for (;;) {
      const killed = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'stagedoor' and wait_event_type = 'Lock' and query like ${`%${statement}%`}`
      if (killed.length > 0) return await answer
      const isAnswered = await Promise.race([answered, sleep(10, false)])
      assert.ok(!isAnswered, `${statement} did not reach ${table}`)
    }
  } finally {
    await lock`rollback`
    lock.release()
  }
}

/** All rows about a user. */
async function userSnapshot(sql: postgres.Sql, user: string): Promise<string> {
  const rows = await sql`select
    (select jsonb_agg(to_jsonb(r) order by r.id) from reservations r where user_id = ${user}) as reservations,
    (select jsonb_agg(to_jsonb(c) order by c.seat_number) from seat_claims c
      join reservations r on r.id = c.reservation_id where r.user_id = ${user}) as claims,
    (select jsonb_agg(to_jsonb(k) order by k.key) from idempotency_keys k where user_id = ${user}) as keys,
    (select jsonb_agg(to_jsonb(t) order by t.id) from transfers t where user_id = ${user}) as transfers,
    (select count(*) from payments where user_id = ${user}) as payments,
    (select balance from accounts where user_id = ${user}) as balance,
    (select count(*) from spent_tickets where user_id = ${user}) as spent`
  return JSON.stringify(rows)
}

/** A server is frozen with a payment until the hold has ended and another buyer has the seat. */
export async function latePayment(cluster: FaultCluster): Promise<void> {
  const [sleeper, awake] = cluster.servers
  if (!sleeper || !awake) throw new Error('it takes two servers')
  const testConcert = await createTestConcert(cluster)
  const [early, rival] = [await createTestUser(cluster), await createTestUser(cluster)]
  const token = await joinQueue(early, sleeper.directUrl, testConcert)
  const key = () => ({ idempotencyKey: randomUUID() })
  const seats = { performanceId: testConcert.performanceId, seatNumbers: [1] }
  await early.request(sleeper.directUrl, 'chargePoints', { input: { amount: 100, ...key() } })
  const held = await early.request(sleeper.directUrl, 'holdSeats', { input: { ...seats, ...key() } }, token)

  const input = { reservationId: held.fields.id, ...key() }
  const pay = () => early.request(sleeper.directUrl, 'payReservation', { input }, token)
  sleeper.kill('SIGSTOP')
  let payment: Promise<Result>
  let taken: Result
  try {
    payment = pay()
    await sleep(Date.parse(String(held.fields.heldUntil)) - Date.now() + 50)
    const token = await joinQueue(rival, awake.directUrl, testConcert)
    taken = await rival.request(awake.directUrl, 'holdSeats', { input: { ...seats, ...key() } }, token)
  } finally {
    sleeper.kill('SIGCONT')
  }
  const first = await payment
  const late = first.outcome === 'OVERLOADED' ? await untilDecided(pay) : first
  assert.equal(late.outcome, 'HoldExpired', 'the late payment')
  assert.equal(taken.outcome, 'ok', 'the rival')
  await withDatabase(cluster, async (sql) => {
    const [row] = await sql<[{ balance: number }]>`
      select balance::int from accounts where user_id = ${early.uuid}`
    assert.equal(row.balance, 100, 'the points of the late payer are still there')
  })
}
