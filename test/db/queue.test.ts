import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { loadConcerts, readQueueSettings } from '../../src/db/catalog.ts'
import { leaseOutbox } from '../../src/db/outbox.ts'
import { chargePoints } from '../../src/db/points.ts'
import { endedTickets, listSpentTickets, reserveQueueNumbers, updateQueue } from '../../src/db/queue.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  chargeArgs,
  createBuyer,
  createConcertFixture,
  holdArgs,
  holdSeats,
  isSpent,
  paymentArgs,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql, open } = await openTestDb()
const unchanged = { capacity: undefined, ratePerSecond: undefined, paused: undefined }

test('blocks of numbers are consecutive, and the first one is marked fresh', async () => {
  const { concertId } = await createConcertFixture(db)
  const settings = { capacity: 100, ratePerSecond: null, paused: false, version: 1 }
  const first = await reserveQueueNumbers(db, concertId)
  expect(first).toEqual({ first: 1, last: 10_000, fresh: true, settings })
  expect(await reserveQueueNumbers(db, concertId)).toEqual({
    first: 10_001,
    last: 20_000,
    fresh: false,
    settings,
  })
  expect(await reserveQueueNumbers(db, (await createConcertFixture(db)).concertId)).toEqual(first)
  expect(await reserveQueueNumbers(db, randomUUID())).toBeNull()
})

test('concurrent calls never reserve a number twice', async () => {
  const { concertId } = await createConcertFixture(db)
  const servers = [db, open(), open()]
  const blocks = await Promise.all(
    Array.from({ length: 60 }, (_, index) => reserveQueueNumbers(servers[index % 3] ?? db, concertId)),
  )
  const firsts = blocks.map((block) => block?.first ?? 0).sort((a, b) => a - b)
  expect(firsts).toEqual(Array.from({ length: 60 }, (_, index) => index * 10_000 + 1))
  expect(blocks.filter((block) => block?.fresh)).toHaveLength(1)
})

test('an update changes only the given settings, and adds an event', async () => {
  const { concertId } = await createConcertFixture(db)
  expect(await updateQueue(db, randomUUID(), concertId, { ...unchanged, capacity: 0 })).toEqual({
    capacity: 0,
    ratePerSecond: null,
    paused: false,
    version: 2,
  })
  await updateQueue(db, randomUUID(), concertId, { ...unchanged, ratePerSecond: 0.5 })
  expect(await updateQueue(db, randomUUID(), concertId, { ...unchanged, paused: true })).toEqual({
    capacity: 0,
    ratePerSecond: 0.5,
    paused: true,
    version: 4,
  })
  const settings = await updateQueue(db, randomUUID(), concertId, {
    capacity: 7,
    ratePerSecond: null,
    paused: false,
  })
  expect(settings).toEqual({ capacity: 7, ratePerSecond: null, paused: false, version: 5 })
  expect(await loadConcerts(db, [concertId])).toMatchObject([{ queueSettings: settings }])
  expect(await readQueueSettings(db, concertId)).toEqual(settings)
  expect(await reserveQueueNumbers(db, concertId)).toMatchObject({ settings })
  expect(await sql`select type, data from outbox where subject_id = ${concertId}`).toEqual(
    Array.from({ length: 4 }, () => ({ type: 'queue.updated', data: { concertId } })),
  )
  expect(await leaseOutbox(db, { delivered: [], limit: 10, leaseMs: 1_000 })).toMatchObject([
    { type: 'queue.updated', data: { concertId } },
  ])
})

test('concurrent updates all count', async () => {
  const { concertId } = await createConcertFixture(db)
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      updateQueue(db, randomUUID(), concertId, { ...unchanged, capacity: index }),
    ),
  )
  const settings = await updateQueue(db, randomUUID(), concertId, unchanged)
  expect(settings?.version).toBe(22)
})

test('updating a concert that does not exist returns null', async () => {
  expect(await updateQueue(db, randomUUID(), randomUUID(), { ...unchanged, capacity: 1 })).toBeNull()
  expect(await readQueueSettings(db, randomUUID())).toBeNull()
})

test('a ticket that no payment has spent is not spent', async () => {
  const { ticket } = createBuyer(await createConcertFixture(db))
  expect(await isSpent(db, ticket)).toBe(false)
  await sql`insert into spent_tickets (concert_id, user_id, number, spent_at)
    values (${ticket.concertId}, ${ticket.userId}, ${ticket.number}, now())`
  expect(await isSpent(db, ticket)).toBe(true)
  expect(await isSpent(db, { ...ticket, number: ticket.number + 1 })).toBe(false)
  expect(await isSpent(db, { ...ticket, userId: randomUUID() })).toBe(false)
  expect(await isSpent(db, { ...ticket, concertId: randomUUID() })).toBe(false)
})

test('ended tickets are returned with their reason', async () => {
  const fixture = await createConcertFixture(db)
  const tickets = [1, 2, 3].map((number) => ({ ...createBuyer(fixture).ticket, number }))
  for (const { concertId, userId } of tickets.slice(1))
    await sql`insert into spent_tickets (concert_id, user_id, number, spent_at) values (${concertId}, ${userId}, 3, now())`
  expect(await endedTickets(db, fixture.concertId, tickets)).toEqual(new Map([[3, 'PAID']]))
  expect(await endedTickets(db, fixture.concertId, [])).toEqual(new Map())
})

test('spent tickets are listed for the user who paid', async () => {
  const concert = await createConcertFixture(db)
  const [buyer, other] = [createBuyer(concert, 1), createBuyer(concert, 2)]
  await chargePoints(db, chargeArgs(buyer, 100))
  await payReservation(db, paymentArgs(buyer, await holdSeats(db, holdArgs(buyer, [1]))))
  const { concertId } = concert
  expect(await listSpentTickets(db, { userId: buyer.userId, concertIds: [concertId] })).toEqual([
    { ...buyer.ticket, spentAt: expect.any(Date) as Date },
  ])
  expect(await listSpentTickets(db, { userId: other.userId, concertIds: [concertId] })).toEqual([])
})
