/** One page of a list ordered by id, as a query takes it. */
import type postgres from 'postgres'
import type { PageArgs } from '../domain/pagination.ts'

/** Below and above every UUID: RFC 9562, sections 5.9 and 5.10. */
const NIL = '00000000-0000-0000-0000-000000000000'
const MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Bounds that are always there, so that the statement is the same for every page of one direction, and is planned once. */
export const pageBounds = (sql: postgres.Sql, { after = NIL, before = MAX, limit, fromEnd }: PageArgs) => ({
  after,
  before,
  limit,
  direction: fromEnd ? sql`desc` : sql`asc`,
})
