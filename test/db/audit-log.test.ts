import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { createConcert } from '../../src/db/catalog.ts'
import { readSeatStats } from '../../src/db/stats.ts'
import { listAuditLog } from '../../src/db/audit-log.ts'
import { chargePoints } from '../../src/db/points.ts'
import { listSpentTickets, updateQueue } from '../../src/db/queue.ts'
import { InvalidConcert } from '../../src/domain/refusals.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  chargeArgs,
  holdArgs,
  paymentArgs,
  createBuyer,
  createConcertFixture,
  HOLD_MS,
  passTime,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'

const { db, sql, clear } = await openTestDb()
beforeEach(clear)

const wholePage = { limit: 100, after: undefined, before: undefined, fromEnd: false }
const unchanged = { capacity: undefined, ratePerSecond: undefined, paused: undefined }

test('every seat of a concert is sold, held or free, and a hold that lapsed is free', async () => {
  const show = await createConcertFixture(db, { seatCount: 10, seatPrice: 100 })
  const [buyer, other] = [createBuyer(show, 1), createBuyer(show, 2)]
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await chargePoints(db, chargeArgs(buyer, 500))
  await payReservation(db, paymentArgs(buyer, id))
  await holdSeats(db, holdArgs(other, [3]))
  const figures = { sold: 2, held: 1, free: 7, oversold: 0, pointsTaken: 200 }
  expect(await readSeatStats(db, show.concertId)).toEqual(figures)
  await passTime(sql, HOLD_MS)
  expect(await readSeatStats(db, show.concertId)).toEqual({ ...figures, held: 0, free: 8 })
  const nothing = { sold: 0, held: 0, free: 0, oversold: 0, pointsTaken: 0 }
  expect(await readSeatStats(db, randomUUID())).toEqual(nothing)
  expect(await listSpentTickets(db, { userId: buyer.userId, ids: [show.concertId] })).toMatchObject([
    buyer.ticket,
  ])
  expect(await listSpentTickets(db, { userId: other.userId, ids: [show.concertId] })).toEqual([])
})

test('a seat that two have, and one that there is not, are oversold', async () => {
  const show = await createConcertFixture(db, { seatCount: 10 })
  const [first, second] = [createBuyer(show, 1), createBuyer(show, 2)]
  await holdSeats(db, holdArgs(first, [1]))
  const id = await holdSeats(db, holdArgs(second, [2]))
  const planted = await sql
    .begin(async (tx) => {
      await tx`drop index seat_claims_one_live_per_seat`
      for (const seat of [1, 11])
        await tx`insert into seat_claims (performance_id, seat_number, reservation_id)
          values (${show.performanceId}, ${seat}, ${id})`
      const figures = await readSeatStats(
        { ...db, call: (run) => run(tx as unknown as typeof sql, undefined as never) } as typeof db,
        show.concertId,
      )
      throw Object.assign(new Error('roll back'), { figures })
    })
    .catch((error: unknown) => (error as { figures?: unknown }).figures)
  expect(planted).toMatchObject({ oversold: 2, free: 8 })
})

test('the actions of operators are listed in their order, of one concert or of all', async () => {
  const operator = randomUUID()
  const show = await createConcertFixture(db)
  await updateQueue(db, operator, show.concertId, { ...unchanged, capacity: 7 })
  await updateQueue(db, operator, show.concertId, { ...unchanged, paused: true })
  const other = await createConcertFixture(db)
  const actions = await listAuditLog(db, show.concertId, wholePage)
  expect(actions.map(({ action }) => action)).toEqual(['createConcert', 'updateQueue', 'updateQueue'])
  expect(actions[1]).toMatchObject({
    operatorId: operator,
    concertId: show.concertId,
    userId: null,
    before: { capacity: 100, paused: false },
    after: { capacity: 7, paused: false },
  })
  const all = await listAuditLog(db, null, wholePage)
  expect(all).toHaveLength(4)
  expect(all[3]).toMatchObject({ action: 'createConcert', concertId: other.concertId, before: null })
  const newest = await listAuditLog(db, null, { ...wholePage, limit: 1, fromEnd: true })
  expect(newest).toEqual(all.slice(3))
  const next = { ...wholePage, after: actions[1]?.id }
  expect(await listAuditLog(db, show.concertId, next)).toEqual(actions.slice(2))
})

test('changes at the same time are written down as they came, each from what the one before left', async () => {
  const { concertId } = await createConcertFixture(db)
  await Promise.all(
    Array.from({ length: 20 }, (_, capacity) =>
      updateQueue(db, randomUUID(), concertId, { ...unchanged, capacity }),
    ),
  )
  const steps = (await listAuditLog(db, concertId, wholePage)).slice(1)
  expect(steps).toHaveLength(20)
  const befores = steps.map(({ before }) => before?.['capacity']).sort()
  const afters = steps.map(({ after }) => after['capacity'])
  const [last] = await sql<
    { capacity: number }[]
  >`select queue_capacity as capacity from concerts where id = ${concertId}`
  expect(befores).toEqual([100, ...afters.filter((capacity) => capacity !== last?.capacity)].sort())
})

test('what was refused is not written down', async () => {
  const past = [{ startsAt: new Date(0), seatCount: 1, seatPrice: 1 }]
  const concert = { title: 'Late', queueCapacity: 1, queueRatePerSecond: null, performances: past }
  await expect(createConcert(db, randomUUID(), concert, uuidv7)).rejects.toBeInstanceOf(InvalidConcert)
  expect(await updateQueue(db, randomUUID(), randomUUID(), unchanged)).toBeNull()
  expect(await listAuditLog(db, null, wholePage)).toEqual([])
})
