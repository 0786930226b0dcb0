/** Migrates a database: its tables by the files in drizzle/, its functions by the files in sql/. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles, type MigrationMeta } from 'drizzle-orm/migrator'
import postgres from 'postgres'

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url))
const FUNCTIONS_FOLDER = new URL('./sql/', import.meta.url)
/** Any number, as long as only Stagedoor's migrations use it. */
const ADVISORY_LOCK = 727_274

/** How long a statement waits for a lock. While it waits, every later statement on the same table waits behind it. */
const LOCK_TIMEOUT_MS = 2_000
const RETRY_MS = 1_000
const ATTEMPTS_MAX = 100

/**
 * Applies every migration that the database lacks, and replaces all functions: one transaction, so all or nothing. Several
 * processes may call it at once; they take turns.
 *
 * A lock that running servers hold is waited for briefly. Then everything is rolled back and tried again, so that they go on.
 *
 * @throws PostgresError 55P03 or 40P01 when a lock could not be had in five minutes
 */
export async function migrate(url: string): Promise<void> {
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  const functions = await readFunctions()
  const sql = postgres(url, { max: 1, prepare: false, fetch_types: false, onnotice: () => {} })
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await sql.begin((tx) => apply(tx, migrations, functions))
        return
      } catch (error) {
        if (!isLockConflict(error) || attempt === ATTEMPTS_MAX) throw error
        await setTimeout(RETRY_MS)
      }
    }
  } finally {
    await sql.end()
  }
}

async function readFunctions(): Promise<string> {
  const files = (await readdir(FUNCTIONS_FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, FUNCTIONS_FOLDER), 'utf8')))
  return texts.join('\n')
}

/** drizzle's own migrator takes a session-level lock, which stays behind on a pooler's connection. Its table is used as it is. */
async function apply(
  tx: postgres.TransactionSql,
  migrations: readonly MigrationMeta[],
  functions: string,
): Promise<void> {
  await tx.unsafe('set local statement_timeout = 0; set local lock_timeout = 0')
  await tx`select pg_advisory_xact_lock(${ADVISORY_LOCK})`
  await tx.unsafe(`
    set local lock_timeout = ${LOCK_TIMEOUT_MS};
    create schema if not exists drizzle;
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`)
  const [last] = await tx<{ created_at: string }[]>`
    select created_at from drizzle.__drizzle_migrations order by created_at desc limit 1`
  for (const { folderMillis, hash, sql: statements } of migrations) {
    if (last && Number(last.created_at) >= folderMillis) continue
    for (const statement of statements) await tx.unsafe(statement)
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
  }
  await tx.unsafe(`set local check_function_bodies = off; ${functions}`)
}

/** lock_not_available (lock_timeout) or deadlock_detected: another transaction has a lock that the migration needs. */
const isLockConflict = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && ['55P03', '40P01'].includes(error.code)
