import type { Context } from './context.ts'
import { listAuditLog } from '../db/audit-log.ts'
import type { AuditLogEntry } from '../domain/audit-log.ts'
import type { PageArgs } from '../domain/pagination.ts'
import { requireOperator } from './authorization.ts'

/**
 * @param concertId null: of all concerts
 * @throws Problem UNAUTHENTICATED, FORBIDDEN
 */
export const auditLog = (
  concertId: string | null | undefined,
  page: PageArgs,
  context: Context,
): Promise<AuditLogEntry[]> => {
  requireOperator(context)
  return listAuditLog(context.db, concertId ?? null, page)
}
