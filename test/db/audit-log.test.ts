import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { createConcert } from '../../src/db/catalog.ts'
import { listAuditLog } from '../../src/db/audit-log.ts'
import { updateQueue } from '../../src/db/queue.ts'
import { InvalidConcert } from '../../src/domain/refusals.ts'
import { openTestDb } from '../support/test-db.ts'
import { createConcertFixture } from '../support/fixtures.ts'

const { db, sql, clear } = await openTestDb()
beforeEach(clear)

const wholePage = { limit: 100, after: undefined, before: undefined, fromEnd: false }
const unchanged = { capacity: undefined, ratePerSecond: undefined, paused: undefined }

test('entries are listed in order, of one concert or of all', async () => {
  const operator = randomUUID()
  const { concertId } = await createConcertFixture(db)
  await updateQueue(db, operator, concertId, { ...unchanged, capacity: 7 })
  await updateQueue(db, operator, concertId, { ...unchanged, paused: true })
  const other = await createConcertFixture(db)
  const entries = await listAuditLog(db, concertId, wholePage)
  expect(entries.map(({ action }) => action)).toEqual(['createConcert', 'updateQueue', 'updateQueue'])
  expect(entries[1]).toMatchObject({
    operatorId: operator,
    concertId,
    userId: null,
    before: { capacity: 100, paused: false },
    after: { capacity: 7, paused: false },
  })
  const all = await listAuditLog(db, null, wholePage)
  expect(all).toHaveLength(4)
  expect(all[3]).toMatchObject({ action: 'createConcert', concertId: other.concertId, before: null })
  const newest = await listAuditLog(db, null, { ...wholePage, limit: 1, fromEnd: true })
  expect(newest).toEqual(all.slice(3))
  const next = { ...wholePage, after: entries[1]?.id }
  expect(await listAuditLog(db, concertId, next)).toEqual(entries.slice(2))
})

test('concurrent changes are recorded in order, each with the settings that the one before left', async () => {
  const { concertId } = await createConcertFixture(db)
  await Promise.all(
    Array.from({ length: 20 }, (_, capacity) =>
      updateQueue(db, randomUUID(), concertId, { ...unchanged, capacity }),
    ),
  )
  const entries = (await listAuditLog(db, concertId, wholePage)).slice(1)
  expect(entries).toHaveLength(20)
  const befores = entries.map(({ before }) => before?.['capacity']).sort()
  const afters = entries.map(({ after }) => after['capacity'])
  const [last] = await sql<
    { capacity: number }[]
  >`select queue_capacity as capacity from concerts where id = ${concertId}`
  expect(befores).toEqual([100, ...afters.filter((capacity) => capacity !== last?.capacity)].sort())
})

test('a refused change adds no entry', async () => {
  const past = [{ startsAt: new Date(0), seatCount: 1, seatPrice: 1 }]
  const concert = { title: 'Late', queueCapacity: 1, queueRatePerSecond: null, performances: past }
  await expect(createConcert(db, randomUUID(), concert, uuidv7)).rejects.toBeInstanceOf(InvalidConcert)
  expect(await updateQueue(db, randomUUID(), randomUUID(), unchanged)).toBeNull()
  expect(await listAuditLog(db, null, wholePage)).toEqual([])
})
