/** Classifies errors of the driver: for the caller, and for the connection. */
import { BulkheadRejectedError } from 'cockatiel'
import { TimeoutError } from '../domain/timeout.ts'

/**
 * SQLSTATEs after which the same statement may be sent again: PostgreSQL's manual, appendix A. Two characters stand for a class.
 * All others are bugs, or corruption (XX001, XX002) that retries must not hide.
 */
const TRANSIENT_STATES = new Set([
  '08', // connection exceptions; PgBouncer uses 08P01 for everything it refuses
  '25006', // read_only_sql_transaction: a standby, or a primary made read-only
  '25P02', // in_failed_sql_transaction: a pooled session that another client left in a transaction
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '26000', // invalid_sql_statement_name: the prepared statement is gone (DISCARD, DEALLOCATE, a pooler)
  '28', // the role may not connect: pg_hba.conf and passwords change during a switchover
  '3D000', // the database does not exist: it is being restored
  '40001', // serialization_failure
  '40003', // statement_completion_unknown
  '40P01', // deadlock_detected
  '42P05', // duplicate_prepared_statement: a pooler
  '53', // insufficient resources: disk_full, out_of_memory, too_many_connections, configuration_limit_exceeded
  '55P03', // lock_not_available: lock_timeout
  '57', // operator intervention: cancellation, timeouts, shutdown, recovery
  '58', // system errors: input and output
])

/** SQLSTATEs caused by the state of one session. */
const SESSION_STATES = new Set(['25P02', '26000', '42P05'])

/** Whether the connection, a timeout, a lock or a resource failed, and not the statement. */
export function isTransient(error: unknown): boolean {
  if (error instanceof BulkheadRejectedError || error instanceof TimeoutError) return true
  const code = codeOf(error)
  // Codes of the driver (CONNECT_TIMEOUT, CONNECTION_CLOSED …) and of the system (ECONNREFUSED, EPIPE …).
  if (/^(CONNECT|E[A-Z]+$)/.test(code)) return true
  return TRANSIENT_STATES.has(code) || TRANSIENT_STATES.has(code.slice(0, 2)) || isOutdatedPlan(error)
}

/** Whether this session keeps failing while a new one would not. */
export const isSessionBroken = (error: unknown): boolean =>
  SESSION_STATES.has(codeOf(error)) || isOutdatedPlan(error)

/** Whether the server refused to write. After a switchover, new connections reach the new primary; open ones do not. */
export const isReadOnly = (error: unknown): boolean => codeOf(error) === '25006'

/** "cached plan must not change result type": a migration changed a column that a prepared statement returns. */
const isOutdatedPlan = (error: unknown): boolean =>
  codeOf(error) === '0A000' && (error as { routine?: unknown }).routine === 'RevalidateCachedQuery'

/** The error without user data, for the log. Messages of class 22 (data exceptions) quote values; other messages do not. */
export function withoutValues(error: unknown): unknown {
  const code = codeOf(error)
  if (!/^22\w{3}$/.test(code)) return error
  const { routine = '' } = error as { routine?: string }
  return Object.assign(new Error(`PostgreSQL refused a value: SQLSTATE ${code} (${routine})`), { code })
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}
