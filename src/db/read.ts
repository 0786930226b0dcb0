import { sql, type Column, type SQL } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { PageArgs } from '../domain/pagination.ts'
import type { Database } from './client.ts'

/** A query of drizzle's, with a `sql.placeholder` for each value. */
interface Buildable<Rows, Values> {
  prepare(name: string): { execute(values?: Values): Promise<Rows> }
}

/**
 * A read that drizzle builds once for each database, and fills in from then on: building it again and again was a fifth of what
 * a request cost.
 */
export function defineRead<Values extends Record<string, unknown>, Rows>(
  build: (orm: PostgresJsDatabase) => Buildable<Rows, Values>,
): (db: Database, values: Values) => Promise<Rows> {
  const built = new WeakMap<PostgresJsDatabase, ReturnType<Buildable<Rows, Values>['prepare']>>()
  return (db, values) =>
    db.call((_, orm) => {
      const query = built.get(orm) ?? build(orm).prepare('')
      built.set(orm, query)
      return query.execute(values)
    })
}

/** The same for what is found by ids: `isOneOf` says which. */
export function defineLoad<Rows>(
  build: (orm: PostgresJsDatabase) => Buildable<Rows, { ids: readonly string[] }>,
): (db: Database, ids: readonly string[]) => Promise<Rows> {
  const read = defineRead<{ ids: readonly string[] }, Rows>(build)
  return (db, ids) => read(db, { ids })
}

/** The rows whose `column` is one of the ids, which are UUIDs: one statement, however many there are. */
export const isOneOf = (column: Column): SQL => sql`${column} = any(${sql.placeholder('ids')}::uuid[])`

/** What stands on one side of every id of ours: RFC 9562, sections 5.9 and 5.10. */
const NIL = '00000000-0000-0000-0000-000000000000'
const MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** A page as it is filled into a read: the same statement whether or not it has a beginning and an end. */
export type PageBounds = { after: string; before: string; limit: number }

export const boundsOf = ({ after = NIL, before = MAX, limit }: PageArgs): PageBounds => ({
  after,
  before,
  limit,
})

/** The rows between the bounds of a page. */
export const isOnPage = (id: Column): SQL =>
  sql`${id} > ${sql.placeholder('after')} and ${id} < ${sql.placeholder('before')}`

/**
 * The same, of those that belong to one `owner`, whose id is filled in as `owner`. Both columns are compared together, and the
 * rows ordered by both, so that no other index than one on (owner, id) fits.
 */
export const isOnPageOf = (owner: Column, id: Column): SQL =>
  sql`(${owner}, ${id}) > (${sql.placeholder('owner')}, ${sql.placeholder('after')})
    and (${owner}, ${id}) < (${sql.placeholder('owner')}, ${sql.placeholder('before')})`
