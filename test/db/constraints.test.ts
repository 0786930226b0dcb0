import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { expireReservations } from '../../src/db/reservations.ts'
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

/** The constraints and triggers, which hold even when a function has a bug. */
const { db, sql, clear } = await openTestDb()
beforeEach(clear)

/** @param code SQLSTATE: 23514 check, 23505 unique, 23503 foreign key, P0001 a trigger */
const expectRefused = async (code: string, statement: string) =>
  expect(await sql.unsafe(statement).catch((error: unknown) => error)).toMatchObject({ code })

/** A reservation in each state. */
async function arrange() {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 1_000))
  const expired = await holdSeats(db, holdArgs(buyer, [1]))
  await passTime(sql, HOLD_MS)
  await expireReservations(db, 1)
  const cancelled = await holdSeats(db, holdArgs(buyer, [2]))
  await cancelReservation(db, cancelArgs(buyer, cancelled))
  const paid = await holdSeats(db, holdArgs(buyer, [3]))
  await payReservation(db, paymentArgs(buyer, paid))
  const held = await holdSeats(db, holdArgs(createBuyer(buyer), [4]))
  return { buyer, held, paid, expired, cancelled }
}

describe('a reservation', () => {
  test('changes its status only as allowed', async () => {
    const ids = await arrange()
    const states = ['HELD', 'PAID', 'EXPIRED', 'CANCELLED', 'REFUNDED']
    const move = (id: string, to: string) =>
      `update reservations set status = '${to}', decided_at = ${to === 'HELD' ? 'null' : 'now()'} where id = '${id}'`
    for (const id of [ids.expired, ids.cancelled])
      for (const to of states) await expectRefused('P0001', move(id, to))
    for (const to of states.filter((state) => state !== 'REFUNDED'))
      await expectRefused('P0001', move(ids.paid, to))
    for (const to of ['HELD', 'REFUNDED', 'NONSENSE']) await expectRefused('P0001', move(ids.held, to))
    await sql.unsafe(move(ids.paid, 'REFUNDED'))
    for (const to of states) await expectRefused('P0001', move(ids.paid, to))
  })

  test('cannot be paid after one of its claims was released', async () => {
    const { held } = await arrange()
    await sql.unsafe(`update seat_claims set released_at = now() where reservation_id = '${held}'`)
    await expectRefused(
      'P0001',
      `update reservations set status = 'PAID', decided_at = now() where id = '${held}'`,
    )
  })

  test('is paid before heldUntil or expires after it, and has decidedAt unless it is held', async () => {
    const { held } = await arrange()
    const decide = (status: string, at: string) =>
      `update reservations set status = '${status}', decided_at = ${at} where id = '${held}'`
    await expectRefused('23514', decide('PAID', 'held_until'))
    await expectRefused('23514', decide('EXPIRED', "held_until - interval '1 millisecond'"))
    await expectRefused('23514', decide('PAID', 'null'))
    await sql.unsafe(decide('EXPIRED', 'held_until'))
  })

  test('cannot change anything but its status', async () => {
    const { held } = await arrange()
    for (const change of [
      'price = 0',
      'seat_numbers = array[5]',
      `user_id = '${randomUUID()}'`,
      'ticket_number = 99',
      "held_at = held_at - interval '1 second'",
      "held_until = held_until + interval '1 day'",
    ])
      await expectRefused(
        'P0001',
        `update reservations set ${change}, status = 'CANCELLED', decided_at = now() where id = '${held}'`,
      )
  })

  test('cannot be deleted', async () => {
    const { held, paid } = await arrange()
    for (const id of [held, paid]) await expectRefused('23503', `delete from reservations where id = '${id}'`)
  })
})

test('a seat has at most one live claim, by an existing reservation, and a released claim stays released', async () => {
  const { buyer, held, cancelled, paid } = await arrange()
  const claim = (seat: number, reservation: string) =>
    `insert into seat_claims (performance_id, seat_number, reservation_id)
     values ('${buyer.performanceId}', ${seat}, '${reservation}')`
  await expectRefused('23505', claim(4, paid))
  await expectRefused('23505', claim(3, held))
  await expectRefused('23503', claim(9, randomUUID()))
  await expectRefused(
    'P0001',
    `update seat_claims set released_at = null where reservation_id = '${cancelled}'`,
  )
})

test('payments, transfers and spent tickets are append-only', async () => {
  await arrange()
  for (const table of ['payments', 'transfers', 'spent_tickets']) {
    await expectRefused('P0001', `delete from ${table}`)
    await expectRefused('P0001', `update ${table} set user_id = user_id`)
  }
})

test('a reservation has at most one payment, and a payment one transfer', async () => {
  const { buyer, paid } = await arrange()
  await expectRefused(
    '23505',
    `insert into payments (id, reservation_id, user_id, amount, paid_at)
     values ('${randomUUID()}', '${paid}', '${buyer.userId}', 100, now())`,
  )
  await expectRefused(
    '23505',
    `insert into transfers (user_id, amount, payment_id, created_at)
     select user_id, amount, payment_id, now() from transfers where payment_id is not null`,
  )
})

test('an idempotency key makes one charge and one concert, even after it was pruned', async () => {
  const { buyer } = await arrange()
  const charge = (key: string) =>
    `insert into transfers (user_id, amount, charged_by, idempotency_key, created_at)
     values ('${buyer.userId}', 1, '${buyer.userId}', '${key}', now())`
  await sql.unsafe(charge('a'))
  await expectRefused('23505', charge('a'))
  await expectRefused(
    '23514',
    `insert into transfers (user_id, amount, payment_id, charged_by, idempotency_key, created_at)
     select user_id, amount, payment_id, user_id, 'b', now() from transfers where payment_id is not null`,
  )
  const add = `insert into concerts (id, title, queue_capacity, created_by, idempotency_key)
     values (gen_random_uuid(), 'Once', 1, '${buyer.userId}', 'a')`
  await sql.unsafe(add)
  await expectRefused('23505', add)
})

test('a balance is between 0 and 2^53 − 1, and only payments are negative transfers', async () => {
  const { buyer } = await arrange()
  const set = (balance: string) =>
    `update accounts set balance = ${balance} where user_id = '${buyer.userId}'`
  await expectRefused('23514', set('-1'))
  await expectRefused('23514', set('9007199254740992'))
  for (const amount of [0, -1])
    await expectRefused(
      '23514',
      `insert into transfers (user_id, amount, created_at) values ('${buyer.userId}', ${amount}, now())`,
    )
})

test('invalid settings are refused', async () => {
  const { buyer } = await arrange()
  for (const change of ['queue_capacity = -1', 'queue_rate_per_second = 0'])
    await expectRefused('23514', `update concerts set ${change} where id = '${buyer.concertId}'`)
  for (const change of ['seat_count = 0', 'seat_price = -1'])
    await expectRefused('23514', `update performances set ${change} where id = '${buyer.performanceId}'`)
})
