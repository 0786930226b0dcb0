import { asc, desc, sql as fragment } from 'drizzle-orm'
import type { AuditLogEntry } from '../domain/audit-log.ts'
import type { PageArgs } from '../domain/pagination.ts'
import type { Database } from './client.ts'
import { boundsOf, defineRead, isOnPage, isOnPageOf, type PageBounds } from './read.ts'
import { auditLog } from './tables.ts'

const readPage = (order: typeof asc) =>
  defineRead<PageBounds, AuditLogEntry[]>((orm) =>
    orm
      .select()
      .from(auditLog)
      .where(isOnPage(auditLog.id))
      .orderBy(order(auditLog.id))
      .limit(fragment.placeholder('limit')),
  )
const readFirst = readPage(asc)
const readLast = readPage(desc)

const readPageOf = (order: typeof asc) =>
  defineRead<PageBounds & { owner: string }, AuditLogEntry[]>((orm) =>
    orm
      .select()
      .from(auditLog)
      .where(isOnPageOf(auditLog.concertId, auditLog.id))
      .orderBy(order(auditLog.concertId), order(auditLog.id))
      .limit(fragment.placeholder('limit')),
  )
const readFirstOf = readPageOf(asc)
const readLastOf = readPageOf(desc)

/** One page of what operators have changed, the oldest first. @param concertId null: of all concerts */
export const listAuditLog = (
  db: Database,
  concertId: string | null,
  page: PageArgs,
): Promise<AuditLogEntry[]> =>
  concertId === null
    ? (page.fromEnd ? readLast : readFirst)(db, boundsOf(page))
    : (page.fromEnd ? readLastOf : readFirstOf)(db, { owner: concertId, ...boundsOf(page) })
