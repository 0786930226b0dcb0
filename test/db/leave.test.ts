import { beforeEach, expect, test } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { endedTickets, leaveQueue } from '../../src/db/queue.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
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
  outcomeOf,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql, open, clear, whileLocked, untilBlocked } = await openTestDb()
beforeEach(clear)

const statusOf = async (id: string) => (await loadReservations(db, [id]))[0]?.status

test('leaving cancels the holds of that ticket, and no others', async () => {
  const concert = await createConcertFixture(db)
  const [buyer, other] = [createBuyer(concert), createBuyer(concert)]
  const later = { ...buyer, ticket: { ...buyer.ticket, number: 2 } }
  const [first, second] = [
    await holdSeats(db, holdArgs(buyer, [1])),
    await holdSeats(db, holdArgs(buyer, [2])),
  ]
  const [newer, others] = [
    await holdSeats(db, holdArgs(later, [3])),
    await holdSeats(db, holdArgs(other, [4])),
  ]
  expect(await leaveQueue(db, buyer.ticket)).toBe('LEFT')
  expect(await Promise.all([first, second, newer, others].map(statusOf))).toEqual([
    'CANCELLED',
    'CANCELLED',
    'HELD',
    'HELD',
  ])
  await holdSeats(db, holdArgs(other, [1, 2]))
  await expectInvariants(sql)
})

test('a ticket that has left cannot hold seats, and leaving again changes nothing', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  for (let times = 0; times < 2; times++) expect(await leaveQueue(db, buyer.ticket)).toBe('LEFT')
  await expect(holdSeats(db, holdArgs(buyer, [1]))).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  expect(await endedTickets(db, buyer.concertId, [buyer.ticket])).toEqual(new Map([[1, 'LEFT']]))
  expect(await sql`select type, data from outbox`).toEqual([
    { type: 'queue.left', data: { userId: buyer.userId, concertId: buyer.concertId, ticketNumber: 1 } },
  ])
  await holdSeats(db, holdArgs({ ...buyer, ticket: { ...buyer.ticket, number: 2 } }, [1]))
})

test('a ticket that has paid ends as PAID when it leaves', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 500))
  const [paid, held] = [await holdSeats(db, holdArgs(buyer, [1])), await holdSeats(db, holdArgs(buyer, [2]))]
  await payReservation(db, paymentArgs(buyer, paid))
  expect(await leaveQueue(db, buyer.ticket)).toBe('PAID')
  expect(await Promise.all([paid, held].map(statusOf))).toEqual(['PAID', 'CANCELLED'])
  const [event] = await sql`select type, data from outbox order by id desc limit 1`
  expect(event).toMatchObject({ type: 'reservation.cancelled', data: { spendsTicket: true } })
  expect(await leaveQueue(db, buyer.ticket)).toBe('PAID')
  await expectInvariants(sql)
})

test('leaving does not cancel a lapsed hold', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const lapsed = await holdSeats(db, holdArgs(buyer, [1]))
  await passTime(sql, HOLD_MS)
  await leaveQueue(db, buyer.ticket)
  expect(await expireReservations(db, 10)).toBe(1)
  const [row] = await sql`select status from reservations where id = ${lapsed}`
  expect(row).toEqual({ status: 'EXPIRED' })
})

test('a hold that races with leaving is refused or cancelled', async () => {
  const concert = await createConcertFixture(db)
  for (const leavesFirst of [true, false]) {
    const buyer = createBuyer(concert)
    await holdSeats(db, holdArgs(buyer, [leavesFirst ? 1 : 2]))
    const other = open()
    const calls = await whileLocked(
      (tx) => tx`select from accounts where user_id = ${buyer.userId} for update`,
      async () => {
        const hold = () => resultOf(holdSeats(other, holdArgs(buyer, [leavesFirst ? 3 : 4])))
        const leave = () => resultOf(leaveQueue(db, buyer.ticket))
        const first = leavesFirst ? leave() : hold()
        await untilBlocked(1)
        const second = leavesFirst ? hold() : leave()
        await untilBlocked(2)
        return leavesFirst ? [second, first] : [first, second]
      },
    )
    const [held, left] = await Promise.all(calls)
    expect([outcomeOf(held), left]).toEqual([leavesFirst ? 'NOT_ADMITTED' : 'ok', 'LEFT'])
    expect(
      await sql`select from reservations where user_id = ${buyer.userId} and status = 'HELD'`,
    ).toHaveLength(0)
  }
  await expectInvariants(sql)
})

test('the sweeper does not wait for an account, and does not spend a ticket with another live hold', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  await chargePoints(db, chargeArgs(buyer, 500))
  const [paid] = [
    await holdSeats(db, holdArgs(buyer, [1])),
    await holdSeats(db, holdArgs(buyer, [2], { holdMs: 1_000 })),
  ]
  await payReservation(db, paymentArgs(buyer, paid))
  await holdSeats(db, holdArgs(buyer, [3]))
  await passTime(sql, 1_000)
  await whileLocked(
    (tx) => tx`select from accounts where user_id = ${buyer.userId} for update`,
    async () => expect(await expireReservations(db, 10)).toBe(0),
  )
  expect(await expireReservations(db, 10)).toBe(1)
  expect(await endedTickets(db, buyer.concertId, [buyer.ticket])).toEqual(new Map())
  await expectInvariants(sql)
})
