/** Every statement reads only the rows it needs, whatever the statistics were when it was planned. */
import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { describe, expect, onTestFinished, test } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import * as catalog from '../../src/db/catalog.ts'
import { openDatabase, type Database } from '../../src/db/client.ts'
import { readSeatStats } from '../../src/db/stats.ts'
import { pruneIdempotencyKeys } from '../../src/db/idempotency.ts'
import { listAuditLog } from '../../src/db/audit-log.ts'
import { leaseOutbox } from '../../src/db/outbox.ts'
import { loadPayments, loadPaymentsByReservation } from '../../src/db/payments.ts'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import {
  endedTickets,
  leaveQueue,
  listSpentTickets,
  reserveQueueNumbers,
  updateQueue,
} from '../../src/db/queue.ts'
import {
  expireReservations,
  findByBookingCode,
  listReservations,
  loadReservations,
} from '../../src/db/reservations.ts'
import { createUser, loadUsers } from '../../src/db/users.ts'
import { createDatabase } from '../support/database.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  paymentArgs,
  cancelReservation,
  createBuyer,
  createConcertFixture,
  holdSeats,
  payReservation,
  type ConcertFixture,
} from '../support/fixtures.ts'

/** Sales of other concerts, with all their rows. */
const OTHERS = 12_000
/** Cancelled reservations of one other buyer. */
const CANCELLED = 3_000
const busyBuyer = randomUUID()
const page = { limit: 10, after: undefined, before: undefined, fromEnd: false }

/** Every operation, on one small concert. */
const operations: Record<string, (db: Database, fixture: ConcertFixture) => Promise<unknown>> = {
  dates: (db, { concertId }) => catalog.listPerformances(db, concertId, { futureOnly: false, limit: 50 }),
  'last date': (db, { concertId }) => catalog.findLastPerformanceAt(db, concertId),
  'free seats': (db, { performanceId }) => catalog.countTakenSeats(db, [performanceId]),
  seats: (db, { performanceId }) => catalog.loadTakenSeats(db, [performanceId]),
  'some seats': (db, { performanceId }) =>
    catalog.loadSeatStatuses(
      db,
      [1, 2, 50].map((number) => ({ performanceId, number })),
    ),
  'owners of seats': (db, { performanceId }) => catalog.loadSeatReservations(db, [performanceId], null),
  'own seats': async (db, { performanceId }) => {
    for (const userId of [randomUUID(), busyBuyer])
      await catalog.loadSeatReservations(db, [performanceId], userId)
  },
  'dates of several concerts': (db, { concertId }) =>
    catalog.loadPerformancesByConcert(db, [concertId, randomUUID()]),
  concerts: (db) => catalog.listConcerts(db, page),
  'seat stats': (db, { concertId }) => readSeatStats(db, concertId),
  'audit log': (db, { concertId }) => listAuditLog(db, concertId, page),
  'spent tickets': (db, { concertId }) => {
    const ticket = { userId: randomUUID(), concertId, number: 1 }
    return Promise.all([
      endedTickets(db, concertId, [ticket, { ...ticket, number: 2 }]),
      listSpentTickets(db, { userId: ticket.userId, concertIds: [concertId] }),
    ])
  },
  leaving: async (db, fixture) => {
    const buyer = createBuyer(fixture)
    await holdSeats(db, holdArgs(buyer, [5])).catch(() => undefined)
    await leaveQueue(db, buyer.ticket)
  },
  users: (db) => Promise.all([loadUsers(db, [randomUUID()]), loadAccounts(db, [randomUUID()])]),
  'a purchase': async (db, fixture) => {
    const buyer = createBuyer(fixture)
    await chargePoints(db, chargeArgs(buyer, 100))
    const cancelled = await holdSeats(db, holdArgs(buyer, [1]))
    await cancelReservation(db, cancelArgs(buyer, cancelled))
    const held = await holdSeats(db, holdArgs(buyer, [1, 2], { seatLimit: 4 }))
    const paid = await payReservation(db, paymentArgs(buyer, held)).catch((error: unknown) => error)
    await cancelReservation(db, cancelArgs(buyer, held))
    return paid
  },
  reservations: async (db) => {
    const userId = randomUUID()
    await listReservations(db, userId, page)
    await listReservations(db, userId, { ...page, fromEnd: true })
    await loadReservations(db, [userId])
    await loadPaymentsByReservation(db, [userId])
  },
  'reservations by status': async (db) => {
    for (const fromEnd of [false, true])
      for (const userId of [randomUUID(), busyBuyer])
        await listReservations(db, userId, { ...page, fromEnd }, ['HELD', 'PAID', 'EXPIRED'])
  },
  'reservations by booking code': (db) => findByBookingCode(db, { code: '00000000' }),
  'one of each': async (db, { concertId, performanceId }) => {
    await catalog.loadConcerts(db, [concertId])
    await catalog.loadPerformances(db, [performanceId])
    await loadPayments(db, [performanceId])
    await createUser(db, { id: randomUUID(), name: 'New' })
    await reserveQueueNumbers(db, concertId)
  },
  updates: async (db, { concertId }) => {
    const change = { capacity: 2, ratePerSecond: undefined, paused: undefined }
    await updateQueue(db, randomUUID(), concertId, change)
    const performances = [{ startsAt: new Date(Date.now() + 86_400_000), seatCount: 1, seatPrice: 1 }]
    const concert = { title: 'New', queueCapacity: 1, queueRatePerSecond: null, performances }
    await catalog.createConcert(db, randomUUID(), concert, uuidv7, randomUUID())
  },
  expiry: (db) => expireReservations(db, 10),
  delivery: async (db) => {
    const events = await leaseOutbox(db, { delivered: [], limit: 5, leaseMs: 60_000 })
    await leaseOutbox(db, { delivered: events.map(({ id }) => id), limit: 0, leaseMs: 60_000 })
  },
  pruning: (db) => pruneIdempotencyKeys(db, 86_400_000, 10),
}

/** Sold seats of 240 other concerts, written as the operations would have written them. */
const sellOthers = (sql: postgres.Sql) =>
  sql.begin(async (tx) => {
    await tx.unsafe(`set local session_replication_role = replica;
      create temp table sold on commit drop as select n, gen_random_uuid() as reservation, gen_random_uuid() as payment,
        gen_random_uuid() as "user", md5((n / 50)::text)::uuid as performance, md5('c' || n / 50)::uuid as concert
        from generate_series(0, ${OTHERS - 1}) n;
      insert into concerts (id, title, queue_capacity) select distinct concert, 'Other', 1 from sold;
      insert into performances (id, concert_id, starts_at, seat_price) select distinct performance, concert, now() + interval '1 day', 1 from sold;
      insert into users (id, name) select "user", 'Other' from sold;
      insert into accounts (user_id) select "user" from sold;
      insert into reservations (id, performance_id, concert_id, user_id, ticket_number, seat_numbers, price, status, held_at, held_until, decided_at)
        select reservation, performance, concert, "user", n, array[n % 50 + 1], 1, case n % 10 when 0 then 'HELD' else 'PAID' end,
          now(), now() + interval '1 hour', case n % 10 when 0 then null else now() end from sold;
      insert into reservations (id, performance_id, concert_id, user_id, ticket_number, seat_numbers, price, status, held_at, held_until, decided_at)
        select gen_random_uuid(), performance, concert, '${busyBuyer}', n, array[1], 1, 'CANCELLED', now(), now(), now()
          from sold where n < ${CANCELLED};
      insert into seat_claims (performance_id, seat_number, reservation_id) select performance, n % 50 + 1, reservation from sold;
      insert into payments (id, reservation_id, user_id, amount, paid_at) select payment, reservation, "user", 1, now() from sold;
      insert into transfers (user_id, amount, payment_id, created_at) select "user", -1, payment, now() from sold;
      insert into spent_tickets (concert_id, user_id, number, spent_at) select concert, "user", n, now() from sold;
      insert into idempotency_keys (user_id, key, intent, answer, created_at) select "user", 'k', '{}', '{}', now() from sold;
      insert into audit_log (id, operator_id, action, concert_id, at, after)
        select payment, "user", 'updateQueue', concert, now(), '{}' from sold;
      insert into outbox (type, subject_id, data, occurred_at, leased_until)
        select 'reservation.held', reservation, '{}', now(), null from sold;
      -- What this session read counts from its commit on, and not at some later moment.
      select pg_stat_force_next_flush()`)
  })

/** How many rows and blocks `work` reads, on the only connection of `db`. */
async function readBy(db: Database, sql: postgres.Sql, work: () => Promise<unknown>) {
  const total = async () => {
    // A session publishes its counts when its next statement ends.
    await db.call((own) => own`select pg_stat_force_next_flush()`)
    const [row] = await sql<[{ scanned: number; rows: number; blocks: number }]>`select
      (select sum(seq_tup_read) from pg_stat_user_tables)::int as scanned,
      (select sum(idx_tup_read) from pg_stat_user_indexes)::int as rows,
      (select sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))
        from pg_statio_user_tables)::int as blocks`
    return row
  }
  const before = await total()
  await work()
  const after = await total()
  return {
    scanned: after.scanned - before.scanned,
    rows: after.rows - before.rows,
    blocks: after.blocks - before.blocks,
  }
}

const states: Record<string, (sql: postgres.Sql, db: Database) => Promise<unknown>> = {
  'tables that are empty and were never analyzed': () => Promise.resolve(),
  'tables that were analyzed while they were empty': (sql) => sql`vacuum analyze`,
  'tables that were analyzed with one row in each': async (sql, db) => {
    const fixture = await createConcertFixture(db)
    await operations['a purchase']?.(db, fixture)
    await sql`delete from outbox where id > (select min(id) from outbox)`
    await sql`vacuum analyze`
  },
}

describe.each(Object.keys(states))('planned with %s', (state) => {
  test('every operation reads as many rows after 12,000 other sales as before', async () => {
    const database = await createDatabase()
    const { url, sql } = database
    const tables = await sql<
      { name: string }[]
    >`select tablename as name from pg_tables where schemaname = 'public'`
    for (const { name } of tables) await sql.unsafe(`alter table ${name} set (autovacuum_enabled = false)`)
    const options = { deadlineMs: 20_000, statementTimeoutMs: 15_000, lockTimeoutMs: 10_000, callsMax: 100 }
    const [arranger, db] = [1, 1].map((poolSize) => openDatabase({ url, poolSize, ...options })) as [
      Database,
      Database,
    ]
    onTestFinished(async () => {
      await Promise.all([arranger.close(), db.close()])
      await database.drop()
    })
    await states[state]?.(sql, arranger)
    // Often enough for PostgreSQL to choose a generic plan.
    const nowhere = { concertId: uuidv7(), performanceId: uuidv7() }
    for (const [name, run] of Object.entries(operations)) {
      if (name === 'a purchase')
        await holdSeats(db, holdArgs(createBuyer(nowhere), [1])).catch(() => undefined)
      else for (let n = 0; n < 7; n++) await run(db, nowhere)
    }

    const measure = async () => {
      const fixture = await createConcertFixture(arranger)
      const all: Record<string, Awaited<ReturnType<typeof readBy>>> = {}
      for (const [name, run] of Object.entries(operations)) {
        for (let n = 0; n < 7 && name === 'a purchase'; n++)
          await run(db, await createConcertFixture(arranger))
        all[name] = await readBy(db, sql, () => run(db, fixture))
      }
      return all
    }
    await measure()
    const before = await measure()
    await sellOthers(sql)
    const after = await measure()
    await sql.unsafe('analyze; select pg_stat_force_next_flush()')
    await measure()
    const analyzed = await measure()
    const grown = [after, analyzed].map((later) =>
      Object.fromEntries(
        Object.entries(later).filter(([name, { scanned, rows, blocks }]) => {
          const was = before[name] ?? { rows: 0, blocks: 0 }
          return scanned > 0 || rows > was.rows + 30 || blocks > 2 * was.blocks + 60
        }),
      ),
    )
    expect(grown).toEqual([{}, {}])
    // No statement has a custom plan.
    const [plans] = await db.call(
      (own) =>
        own<
          [{ custom: number }]
        >`select coalesce(sum(custom_plans), 0)::int as custom from pg_prepared_statements`,
    )
    expect(plans.custom).toBe(0)
  })
})
