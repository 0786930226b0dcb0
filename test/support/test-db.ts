/** A database for one test, opened as servers open it. */
import { afterAll, expect } from 'vitest'
import type postgres from 'postgres'
import { openDatabase, type Database, type DatabaseOptions } from '../../src/db/client.ts'
import { createDatabase } from './database.ts'
import { eventually } from './eventually.ts'

export interface TestDb {
  db: Database
  /** To read rows, and to arrange what no operation can. */
  sql: postgres.Sql
  /** Opens another pool, as another server does. */
  open: (options?: Partial<DatabaseOptions>) => Database
  /** Empties every table. */
  clear: () => Promise<void>
  /** Runs `during` while a transaction with `statement` is open, then rolls it back. */
  whileLocked: <T>(
    statement: (tx: postgres.Sql) => PromiseLike<unknown>,
    during: () => Promise<T>,
  ) => Promise<T>
  /** Resolves when `count` statements wait for a lock. */
  untilBlocked: (count: number) => Promise<void>
}

/** Opens a database that is dropped after the tests of the file. */
export async function openTestDb(): Promise<TestDb> {
  const database = await createDatabase()
  const { sql } = database
  const pools: Database[] = []

  const open: TestDb['open'] = (options = {}) => {
    const pool = openDatabase({
      url: database.url,
      poolSize: 10,
      deadlineMs: 20_000,
      statementTimeoutMs: 15_000,
      lockTimeoutMs: 10_000,
      callsMax: 1_000,
      ...options,
    })
    pools.push(pool)
    return pool
  }

  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()))
    await database.drop()
  })

  return {
    db: open(),
    sql,
    open,
    clear: async () => {
      const tables = await sql<{ name: string }[]>`
        select tablename as name from pg_tables where schemaname = 'public'`
      await sql.unsafe(`truncate ${tables.map(({ name }) => name).join(', ')}`)
    },
    whileLocked: async (statement, during) => {
      const session = await sql.reserve()
      try {
        await session`begin`
        await statement(session)
        return await during()
      } finally {
        await session`rollback`
        session.release()
      }
    },
    untilBlocked: (count) =>
      eventually(async () => {
        const [row] = await sql<[{ blocked: number }]>`
            select count(*)::int as blocked from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`
        expect(row.blocked).toBe(count)
      }),
  }
}
