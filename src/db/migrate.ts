/** Brings a database up to date: tables by the migrations in drizzle/, functions by the files in sql/. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as migrateTables } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))
const functionsFolder = new URL('./sql/', import.meta.url)
/** Any number, as long as only Stagedoor's migrations use it. */
const advisoryLock = 727_274

/**
 * Applies what is missing. Safe to run from several instances at once: they take turns.
 * @param url of the database
 */
export async function migrate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_advisory_lock(${advisoryLock})`
    await migrateTables(drizzle(sql), { migrationsFolder })
    const files = (await readdir(functionsFolder)).filter((name) => name.endsWith('.sql')).sort()
    const functions = await Promise.all(files.map((name) => readFile(new URL(name, functionsFolder), 'utf8')))
    // One query text is one transaction: either all functions are the new ones, or none.
    await sql.unsafe(['set local check_function_bodies = off;', ...functions].join('\n'))
  } finally {
    await sql.end()
  }
}
