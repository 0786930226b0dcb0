import postgres from 'postgres'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase, type DatabaseOptions } from '../../src/db/client.ts'
import { listPerformances } from '../../src/db/catalog.ts'
import { migrate } from '../../src/db/migrate.ts'
import { loadReservations } from '../../src/db/reservations.ts'
import { createDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startPgBouncer } from '../support/pgbouncer.ts'
import { startCluster } from '../support/cluster.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { holdArgs, createBuyer, createConcertFixture, holdSeats } from '../support/fixtures.ts'

const SESSIONS = 3
const bouncer = await startPgBouncer(SESSIONS)
afterAll(() => bouncer.stop())

async function create(options?: { empty: boolean }) {
  const database = await createDatabase(options)
  onTestFinished(() => database.drop())
  return { ...database, pooled: bouncer.urlOf(database.url) }
}

function open(url: string, options: Partial<DatabaseOptions> = {}) {
  const db = openDatabase({
    url,
    poolSize: 6,
    deadlineMs: 20_000,
    statementTimeoutMs: 15_000,
    lockTimeoutMs: 10_000,
    callsMax: 100,
    ...options,
  })
  onTestFinished(() => db.close())
  return db
}

/** Runs a statement on every session that PgBouncer has on this database. */
async function onEverySession(url: string, statement: string): Promise<unknown[]> {
  const clients = Array.from({ length: SESSIONS }, () =>
    postgres(url, { max: 1, prepare: false, fetch_types: false }),
  )
  const rows = await Promise.all(
    clients.map((sql) => sql.unsafe(`select pg_sleep(0.2); ${statement}`).simple()),
  )
  await Promise.all(clients.map((sql) => sql.end()))
  return rows.map((results) => (results as unknown as unknown[][])[1]?.[0])
}

test('concurrent and repeated migrations leave no lock behind on a pooler', async () => {
  const { pooled, sql } = await create({ empty: true })
  await Promise.all([migrate(pooled), migrate(pooled)])
  const db = open(pooled)
  const working = Promise.all([1, 2].map(() => db.call((own) => own`select pg_sleep(0.5)`)))
  await migrate(pooled)
  await working
  expect(
    await sql`select from pg_locks where locktype = 'advisory' and database = (
    select oid from pg_database where datname = current_database())`,
  ).toHaveLength(0)
  const applied = await sql<{ hash: string }[]>`select hash from drizzle.__drizzle_migrations`
  expect(new Set(applied.map(({ hash }) => hash)).size).toBe(applied.length)
})

test('a statement that runs too long is cancelled, also after a wait for a session', async () => {
  const { pooled, sql } = await create()
  const db = open(pooled, { statementTimeoutMs: 300 })
  const calls = Array.from({ length: 6 }, () => db.call((own) => own`select pg_sleep(600)`))
  const ends = await Promise.allSettled(calls)
  const stopped = { status: 'rejected', reason: { code: 'OVERLOADED', cause: { code: '57014' } } }
  expect(ends).toMatchObject(calls.map(() => stopped))
  await eventually(async () =>
    expect(
      await sql`select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%'
        and state = 'active' and pid <> pg_backend_pid()`,
    ).toHaveLength(0),
  )
  await db.ping()
})

test('calls leave no prepared statement and no setting on the sessions of a pooler', async () => {
  const { pooled } = await create()
  const db = open(pooled)
  const concert = await createConcertFixture(db)
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const id = await holdSeats(db, holdArgs(createBuyer(concert), [index + 1]))
      expect(await loadReservations(db, [id])).toHaveLength(1)
      const [date] = await listPerformances(db, concert.concertId, { futureOnly: true, limit: 5 })
      expect(date).toMatchObject({ id: concert.performanceId, seatPrice: 100 })
    }),
  )
  const left = await onEverySession(
    pooled,
    `select (select count(*)::int from pg_prepared_statements) as prepared, current_setting('statement_timeout') as statement,
      current_setting('lock_timeout') as lock, current_setting('enable_seqscan') as seqscan,
      current_setting('synchronous_commit') as commit`,
  )
  expect(left).toEqual(
    left.map(() => ({ prepared: 0, statement: '0', lock: '0', seqscan: 'on', commit: 'on' })),
  )
})

test('a purchase through the API succeeds with two servers behind a pooler', async () => {
  const cluster = await startCluster(({ url }) => ({ DATABASE_URL: bouncer.urlOf(url) }))
  onTestFinished(() => cluster.stop())
  const [, second] = [await cluster.start(), await cluster.start()]
  const { concertId, performanceIds } = await createSale(cluster)
  const buyers = await Promise.all(Array.from({ length: 8 }, () => cluster.user()))
  const paid = await Promise.all(
    buyers.map(async (buyer, index) => {
      const { token } = await join(buyer, concertId)
      expect(await charge(buyer, 1_000)).toMatchObject({ balance: 1_000 })
      const held = await hold(buyer, token, performanceIds[0] ?? '', [index + 1])
      const there = { ...buyer, ...cluster.clientOf(second, buyer) }
      return pay(there, token, held.id)
    }),
  )
  expect(paid.map(({ __typename }) => __typename)).toEqual(buyers.map(() => 'PayReservationPayload'))
})
