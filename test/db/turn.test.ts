import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { loadReservations } from '../../src/db/reservations.ts'
import { openTestDb } from '../support/test-db.ts'
import { eventually } from '../support/eventually.ts'
import {
  cancelArgs,
  holdArgs,
  cancelReservation,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  holdSeats,
  passTime,
} from '../support/fixtures.ts'

const { db, sql, whileLocked, untilBlocked } = await openTestDb()
const TURN_MS = 3 * HOLD_MS

async function lengthOf(id: string): Promise<number> {
  const [row] = await sql<[{ ms: number }]>`
    select (extract(epoch from held_until - held_at) * 1000)::int as ms from reservations where id = ${id}`
  return row.ms
}

test('a hold lasts no longer than the turn', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const whole = await holdSeats(db, holdArgs(buyer, [1], { turnLeftMs: HOLD_MS + 5_000, turnMs: TURN_MS }))
  expect(await lengthOf(whole)).toBe(HOLD_MS)
  const short = await holdSeats(db, holdArgs(buyer, [2], { turnLeftMs: 60_000, turnMs: TURN_MS }))
  expect(await lengthOf(short)).toBeGreaterThan(50_000)
  expect(await lengthOf(short)).toBeLessThanOrEqual(60_000)
})

test('the time that a hold waits for locks counts towards the turn', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const first = await holdSeats(db, holdArgs(buyer, [1]))
  const [key, turnLeftMs] = [randomUUID(), 50]
  const waiting = await whileLocked(
    (tx) => tx`select from accounts where user_id = ${buyer.userId} for update`,
    async () => {
      const call = holdSeats(db, holdArgs(buyer, [2], { key, turnLeftMs })).catch((error: unknown) => error)
      await untilBlocked(1)
      await eventually(async () => {
        const [row] = await sql<[{ ms: number }]>`
          select (extract(epoch from clock_timestamp() - query_start) * 1000)::int as ms from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        expect(row.ms).toBeGreaterThan(turnLeftMs)
      })
      return [call]
    },
  )
  expect(await waiting[0]).toMatchObject({ code: 'NOT_ADMITTED' })
  expect(await loadReservations(db, [first])).toMatchObject([{ status: 'HELD' }])
  // The key is free for a new turn.
  await holdSeats(db, holdArgs({ ...buyer, ticket: { ...buyer.ticket, number: 2 } }, [2], { key }))
})

test('holds of one ticket end at the latest one maximum turn after the first, whatever the queue says', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const hold = (ticket = buyer.ticket) => holdSeats(db, holdArgs(buyer, [1], { ticket, turnMs: TURN_MS }))
  const steps = (2 * TURN_MS) / HOLD_MS
  let held = 0
  for (; held < steps * 2; held++) {
    const id = await hold().catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'NOT_ADMITTED' })
      return undefined
    })
    if (id === undefined) break
    if (held % 2 === 0) await cancelReservation(db, cancelArgs(buyer, id))
    await passTime(sql, HOLD_MS / 2 + (held % 2) * (HOLD_MS / 2))
  }
  // 0, 0.5, 1.5, 2, 3: the last one would begin with the end of the turn.
  expect(held).toBe(4)
  await hold({ ...buyer.ticket, number: 2 })
})
