/** Checks that a server can use its database; once, when it starts. */
import { readdir } from 'node:fs/promises'
import { getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { Problem } from '../domain/problem.ts'
import type { Database } from './client.ts'
import * as schema from './tables.ts'

/** The oldest supported PostgreSQL, as server_version_num. */
const VERSION_MIN = 150_000

interface Found {
  version: number
  readOnly: boolean
  /** Names of tables and functions. */
  missing: string[]
}

/**
 * Resolves when the database can be used, and also when PostgreSQL does not answer: it may come back.
 * @returns readOnly: writes are refused, which a switchover may change
 * @throws Error whose message is a sentence that says why this database cannot be used
 */
export async function verifyDatabase(db: Database): Promise<{ readOnly: boolean }> {
  const tables = Object.values(schema)
    .filter((it) => is(it, PgTable))
    .map(getTableName)
  const files = await readdir(new URL('./sql/', import.meta.url))
  const functions = files.filter((name) => name.endsWith('.sql')).map((name) => name.slice(0, -4))
  const reading = db.call(
    (sql) => sql<[Found]>`
      select current_setting('server_version_num')::int as version,
        current_setting('transaction_read_only')::boolean as read_only,
        array(
          select name from unnest(${tables}::text[]) as name where to_regclass(name) is null
          union all
          select name from unnest(${functions}::text[]) as name
          where not exists (select from pg_proc where proname = name and pg_function_is_visible(oid))
          order by 1
        ) as missing`,
  )
  const [found] = await reading.catch((error: unknown) => {
    if (error instanceof Problem) return [undefined]
    throw error
  })
  const reason = found && describeUnsuitable(found)
  if (reason !== undefined) throw new Error(reason)
  return { readOnly: found?.readOnly ?? false }
}

/** Why this database cannot be used, as a sentence; undefined: it can. */
export function describeUnsuitable({ version, missing }: Omit<Found, 'readOnly'>): string | undefined {
  if (version < VERSION_MIN)
    return `PostgreSQL is too old: it is version ${Math.floor(version / 10_000)}, and has to be ${VERSION_MIN / 10_000} or later.`
  if (missing.length > 0)
    return `The database is not migrated: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ' and more' : ''} missing. Run npm run migrate.`
  return undefined
}
