/** Brings a database up to date: tables by the migrations in drizzle/, functions by the files in sql/. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))
const functionsFolder = new URL('./sql/', import.meta.url)
/** Any number, as long as only Stagedoor's migrations use it. */
const advisoryLock = 727_274

/** How long a statement waits for a lock: while it does, every later statement on the same table waits behind it. */
const LOCK_MS_MAX = 2_000
const RETRY_MS = 1_000
const ATTEMPTS_MAX = 100

/** @returns whether another transaction had a lock that the migration needs: SQLSTATE 55P03 */
const isLockTimeout = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && error.code === '55P03'

/**
 * Applies what is missing, all of it or nothing. Safe to run from several instances at once: they take turns.
 *
 * One transaction, and not drizzle's migrator: a lock of the session would stay behind on a connection of a pooler.
 *
 * A lock that others hold is waited for briefly, and everything is tried again: servers go on while it does.
 * @param url of the database
 * @throws PostgresError 55P03 when a lock could not be had in five minutes
 */
export async function migrate(url: string): Promise<void> {
  const migrations = readMigrationFiles({ migrationsFolder })
  const files = (await readdir(functionsFolder)).filter((name) => name.endsWith('.sql')).sort()
  const functions = await Promise.all(files.map((name) => readFile(new URL(name, functionsFolder), 'utf8')))
  const sql = postgres(url, { max: 1, prepare: false, fetch_types: false, onnotice: () => {} })
  try {
    const apply = () =>
      sql.begin(async (tx) => {
        await tx.unsafe('set local statement_timeout = 0; set local lock_timeout = 0')
        await tx`select pg_advisory_xact_lock(${advisoryLock})`
        await tx.unsafe(`set local lock_timeout = ${LOCK_MS_MAX}`)
        // As drizzle's migrator has it: databases that it has migrated are known.
        await tx.unsafe(`create schema if not exists drizzle;
        create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`)
        const [last] = await tx<{ created_at: string }[]>`
        select created_at from drizzle.__drizzle_migrations order by created_at desc limit 1`
        for (const { folderMillis, hash, sql: statements } of migrations) {
          if (last && Number(last.created_at) >= folderMillis) continue
          for (const statement of statements) await tx.unsafe(statement)
          await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
        }
        await tx.unsafe(['set local check_function_bodies = off;', ...functions].join('\n'))
      })
    for (let attempt = 1; ; attempt++) {
      try {
        await apply()
        return
      } catch (error) {
        if (!isLockTimeout(error) || attempt === ATTEMPTS_MAX) throw error
        await setTimeout(RETRY_MS)
      }
    }
  } finally {
    await sql.end()
  }
}
