/** Whether a server can work with its database: checked once, at the start. */
import { readdir } from 'node:fs/promises'
import { getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { Problem } from '../domain/problem.ts'
import type { Database } from './client.ts'
import * as schema from './tables.ts'

/** The oldest PostgreSQL that is supported, and tested: server_version_num. */
const VERSION_MIN = 150_000

interface Found {
  version: number
  readOnly: boolean
  /** Tables and functions that are not there. */
  missing: string[]
}

/**
 * Resolves when the database can be used, and also when PostgreSQL is away: it may come back.
 * @returns whether it refuses writes, which a switchover may change
 * @throws Error that says in a sentence why this database cannot be used
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
        current_setting('transaction_read_only')::boolean as "readOnly",
        to_jsonb(array(select name from unnest(${`{${tables.join()}}`}::text[]) as name where to_regclass(name) is null
          union all select name from unnest(${`{${functions.join()}}`}::text[]) as name
          where not exists (select from pg_proc where proname = name and pg_function_is_visible(oid))
          order by 1)) as missing`,
  )
  const [found] = await reading.catch((error: unknown) => {
    if (error instanceof Problem) return [undefined]
    throw error
  })
  const refusal = found && describeUnsuitable(found)
  if (refusal !== undefined) throw new Error(refusal)
  return { readOnly: found?.readOnly ?? false }
}

/** A sentence; undefined: it is suitable. */
export function describeUnsuitable({ version, missing }: Omit<Found, 'readOnly'>): string | undefined {
  if (version < VERSION_MIN)
    return `PostgreSQL is too old: it is version ${Math.floor(version / 10_000)}, and has to be ${VERSION_MIN / 10_000} or later.`
  if (missing.length > 0)
    return `The database is not migrated: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ' and more' : ''} missing. Run npm run migrate.`
  return undefined
}
