import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { leaseOutbox, readOutboxLag } from '../../src/db/outbox.ts'
import { openTestDb } from '../support/test-db.ts'
import { passTime } from '../support/fixtures.ts'

const { db, sql, open, clear, whileLocked } = await openTestDb()
beforeEach(clear)
const LEASE_MS = 60_000

/** Inserts events in this order, numbered from 0. */
async function write(subjects: readonly string[]): Promise<void> {
  for (const [n, subject] of subjects.entries())
    await sql`insert into outbox (type, subject_id, data, occurred_at)
      values ('queue.updated', ${subject}, ${sql.json({ n })}, now())`
}

const lease = async (from: Database = db, limit = 10, delivered: readonly string[] = []) =>
  (await leaseOutbox(from, { delivered, limit, leaseMs: LEASE_MS })).map((event) => ({
    id: event.id,
    n: (event.data as unknown as { n: number }).n,
  }))
const acknowledge = (...delivered: (string | undefined)[]) =>
  lease(
    db,
    0,
    delivered.map((id) => id ?? ''),
  )
const numbers = (events: readonly { n: number }[]) => events.map(({ n }) => n)

test('events are leased in order, once, until they are acknowledged', async () => {
  const [a, b] = [randomUUID(), randomUUID()]
  const occurredAt = new Date('2026-01-02T03:04:05.678Z')
  await sql`insert into outbox (type, subject_id, data, occurred_at)
    values ('queue.updated', ${a}, '{"concertId": "x"}', ${occurredAt}), ('queue.updated', ${b}, '{}', now())`
  const [first, second] = await leaseOutbox(db, { delivered: [], limit: 10, leaseMs: LEASE_MS })
  expect(first).toEqual({
    id: expect.any(String) as string,
    type: 'queue.updated',
    occurredAt,
    data: { concertId: 'x' },
  })
  expect(Number(second?.id)).toBeGreaterThan(Number(first?.id))
  expect(await lease(open())).toEqual([])
  expect(await acknowledge(first?.id)).toEqual([])
  expect(await sql`select id from outbox`).toMatchObject([{ id: second?.id }])
  await acknowledge()
  await acknowledge(first?.id, second?.id)
  expect(await sql`select from outbox`).toHaveLength(0)
})

test('the oldest events are leased first, up to the limit', async () => {
  // Analyzed while nearly empty, as it mostly is.
  await write([randomUUID()])
  await sql`analyze outbox`
  await write(Array.from({ length: 10 }, () => randomUUID()))
  expect(numbers(await lease(db, 3))).toEqual([0, 0, 1])
  expect(numbers(await lease(db, 1))).toEqual([2])
})

test('of one subject only the oldest event is leased, and the next after it was acknowledged', async () => {
  const [a, b] = [randomUUID(), randomUUID()]
  await write([a, b, a, a, b])
  const first = await lease()
  expect(numbers(first)).toEqual([0, 1])
  expect(await lease()).toEqual([])
  // The call that acknowledges an event leases the next one of its subject.
  expect(numbers(await lease(db, 10, [first[0]?.id ?? '']))).toEqual([2])
})

test('a later event of a subject is not leased while another transaction leases the earlier one', async () => {
  const subject = randomUUID()
  await write([subject, subject])
  await whileLocked(
    (tx) => tx`select lease_outbox('{}', 10, ${LEASE_MS})`,
    async () => expect(await lease()).toEqual([]),
  )
  expect(numbers(await lease())).toEqual([0])
})

test('an event is leased again when its lease has expired', async () => {
  await write([randomUUID()])
  expect(numbers(await lease())).toEqual([0])
  await passTime(sql, LEASE_MS - 1_000)
  expect(await lease()).toEqual([])
  await passTime(sql, 1_000)
  expect(numbers(await lease(open()))).toEqual([0])
  expect(await lease()).toEqual([])
})

test('concurrent relays lease every event once, and each subject in order', async () => {
  const subjects = Array.from({ length: 25 }, () => randomUUID())
  await write(Array.from({ length: 400 }, (_, n) => subjects[(n * 7) % 25] ?? ''))
  const taken: number[] = []

  async function relay(from: Database): Promise<void> {
    let delivered: string[] = []
    for (;;) {
      const events = await lease(from, 5, delivered)
      taken.push(...numbers(events))
      delivered = events.map(({ id }) => id)
      if (events.length > 0) continue
      const [left] = await sql<[{ count: number }]>`select count(*)::int from outbox`
      if (left.count === 0) return
    }
  }
  await Promise.all([db, open(), open(), open()].map(relay))

  expect([...taken].sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, n) => n))
  for (let subject = 0; subject < 25; subject++) {
    const own = taken.filter((n) => n % 25 === subject)
    expect(own).toEqual([...own].sort((a, b) => a - b))
  }
})

test('the lag counts all undelivered events, leased ones included, up to a maximum', async () => {
  expect(await readOutboxLag(db)).toEqual({ undelivered: 0, oldestSeconds: 0 })
  await write([randomUUID(), randomUUID()])
  await sql`update outbox set occurred_at = now() - interval '1 hour' where data = '{"n": 0}'`
  const [first] = await lease(db, 1)
  const lag = await readOutboxLag(db)
  expect(lag.undelivered).toBe(2)
  expect(lag.oldestSeconds).toBeGreaterThanOrEqual(3_600)
  expect(lag.oldestSeconds).toBeLessThan(2 * 3_600)

  await acknowledge(first?.id)
  expect((await readOutboxLag(db)).oldestSeconds).toBeLessThan(3_600)
  await sql`insert into outbox (type, subject_id, data, occurred_at)
    select 'queue.updated', gen_random_uuid(), '{}', now() from generate_series(1, 10500)`
  expect((await readOutboxLag(db)).undelivered).toBe(10_000)
})
