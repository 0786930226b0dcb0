import type postgres from 'postgres'
import type { AuditLogEntry } from '../domain/audit-log.ts'
import type { PageArgs } from '../domain/pagination.ts'
import type { Database } from './client.ts'
import { pageBounds } from './page.ts'

const columns = (sql: postgres.Sql) => sql`id, operator_id, action, concert_id, user_id, at, before, after`

/** One page of the audit log, the oldest entry first. @param concertId null: of all concerts */
export const listAuditLog = (
  db: Database,
  concertId: string | null,
  page: PageArgs,
): Promise<AuditLogEntry[]> =>
  db.call((sql) => {
    const { after, before, direction, limit } = pageBounds(sql, page)
    // Both columns are compared and sorted together, so that no index other than the one on both fits.
    return concertId === null
      ? sql<AuditLogEntry[]>`
          select ${columns(sql)} from audit_log
          where id > ${after} and id < ${before} order by id ${direction} limit ${limit}`
      : sql<AuditLogEntry[]>`
          select ${columns(sql)} from audit_log
          where (concert_id, id) > (${concertId}, ${after}) and (concert_id, id) < (${concertId}, ${before})
          order by concert_id ${direction}, id ${direction} limit ${limit}`
  })
