/** Access to PostgreSQL: a pool, a deadline on every call, and a limit on running and waiting calls. */
import { bulkhead } from 'cockatiel'
import type postgres from 'postgres'
import { overloaded } from '../domain/problem.ts'
import { withTimeout } from '../domain/timeout.ts'
import type { TraceSpan } from '../domain/trace.ts'
import type { Statement } from './connection.ts'
import { isTransient, withoutValues } from './errors.ts'
import { createPool } from './pool.ts'
import { createSockets } from './socket.ts'

export interface DatabaseOptions {
  url: string
  poolSize: number
  /** Maximum time until a call is answered, the wait for a connection included. */
  deadlineMs: number
  statementTimeoutMs: number
  lockTimeoutMs: number
  /** Maximum number of calls that run or wait; further calls fail at once. */
  callsMax: number
  /** Undefined: no tracing. */
  trace?: TraceSpan | undefined
}

export interface Database {
  /**
   * Runs one statement. Columns are named in camelCase: `starts_at` becomes `startsAt`.
   * @throws Problem OVERLOADED when PostgreSQL is slow or away
   */
  call<Rows extends readonly postgres.MaybeRow[]>(statement: Statement<Rows>): Promise<postgres.RowList<Rows>>
  /** Resolves when PostgreSQL answers. @throws Problem OVERLOADED */
  ping(): Promise<void>
  /** The number of calls that run or wait, and of open connections. */
  usage(): { calls: number; connections: number }
  /** Lets running statements finish for up to 5 s, and closes the pool. */
  close(): Promise<void>
}

export function openDatabase(options: DatabaseOptions): Database {
  const { url, poolSize, deadlineMs, statementTimeoutMs, lockTimeoutMs, callsMax, trace } = options
  // Longer than any caller waits for a silent connection.
  const silentMsMax = Math.max(deadlineMs, statementTimeoutMs) + 1_000
  const sockets = createSockets(silentMsMax)
  const idleSeconds = silentMsMax / 3_000
  const pool = createPool(poolSize, { url, sockets, idleSeconds, statementTimeoutMs, lockTimeoutMs, trace })
  const limiter = bulkhead(callsMax)

  const call: Database['call'] = async (statement) => {
    const startBy = performance.now() + deadlineMs
    try {
      // After the deadline a call still counts against callsMax, until its statement has ended.
      const running = limiter.execute(() => pool.use(statement, startBy))
      return await withTimeout(deadlineMs, running)
    } catch (error) {
      throw isTransient(error) ? overloaded(error) : withoutValues(error)
    }
  }

  return {
    call,
    ping: async () => {
      await call((sql) => sql`select 1`)
    },
    usage: () => ({ calls: callsMax - limiter.executionSlots, connections: sockets.count() }),
    close: () => pool.close(),
  }
}
