/** What /health reports of PostgreSQL. */
import { probeStore, type StoreHealth } from '../domain/health.ts'
import { TimeoutError, withTimeout } from '../domain/timeout.ts'
import type { Database } from './client.ts'

const PROBE_TIMEOUT_MS = 2_000

/** Resolves if PostgreSQL serves a write that needs space on its disk. */
export async function probeWrite(db: Database): Promise<void> {
  await db.call((sql) => sql`select probe_write()`)
}

/** @param onError called with each failure, for the log */
export const probeHealth = (db: Database, onError: (error: unknown) => void): Promise<StoreHealth> =>
  probeStore({
    read: () => withTimeout(PROBE_TIMEOUT_MS, db.ping()),
    write: () => withTimeout(PROBE_TIMEOUT_MS, probeWrite(db)),
    describeFailure,
    onError,
  })

const NO_ANSWER = 'PostgreSQL does not answer.'

/** By SQLSTATE: PostgreSQL's manual, appendix A. */
const REASONS: Record<string, string> = {
  '25006': 'PostgreSQL is read-only: it is a standby, or set to be.',
  '53100': 'PostgreSQL has no space left on its disk.',
  '53200': 'PostgreSQL has no memory left.',
  '53300': 'PostgreSQL has too many connections.',
  '55P03': 'PostgreSQL is too slow.', // lock_timeout
  '57014': 'PostgreSQL is too slow.', // statement_timeout
  '57P01': NO_ANSWER, // admin_shutdown
  '57P02': NO_ANSWER, // crash_shutdown
  '57P03': 'PostgreSQL is starting.',
  '58030': 'PostgreSQL cannot read or write its disk.',
}

function describeFailure(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TimeoutError) return NO_ANSWER
    const { code } = cause as { code?: unknown }
    if (typeof code !== 'string') continue
    const reason = REASONS[code]
    if (reason !== undefined) return reason
    // Connection exceptions, those of postgres.js (CONNECTION_CLOSED), and those of the system (ECONNREFUSED).
    if (/^(08|CONNECT|E[A-Z]+$)/.test(code)) return NO_ANSWER
  }
  return 'PostgreSQL refuses the probe: see the log.'
}
