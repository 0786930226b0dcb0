/** The way to PostgreSQL: a pool, a deadline on every call, and a bound on how many may wait. */
import { bulkhead } from 'cockatiel'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import { withTimeout } from '../domain/timeout.ts'
import { overloaded } from '../domain/problem.ts'
import type { TraceSpan } from '../domain/trace.ts'
import type { Connection } from './connection.ts'
import { isTransient, withoutValues } from './errors.ts'
import { createPool } from './pool.ts'
import { createSockets } from './socket.ts'

export interface DatabaseOptions {
  url: string
  /** Connections in the pool. */
  poolSize: number
  /** How long a caller waits for an answer, the wait for a connection included. */
  deadlineMs: number
  /** How long PostgreSQL works on one statement. */
  statementTimeoutMs: number
  /** How long one statement waits for one lock. */
  lockTimeoutMs: number
  /** How many calls may be running or waiting at the same time; the next one is turned away at once. */
  callsMax: number
  /** Undefined: nobody wants to know. */
  trace?: TraceSpan | undefined
}

type Statement<T> = (sql: postgres.Sql, orm: PostgresJsDatabase) => PromiseLike<T>

export interface Database {
  /** Runs one statement. Throws Problem OVERLOADED when PostgreSQL is slow or away. */
  call<T>(statement: Statement<T>): Promise<T>
  /** Resolves when PostgreSQL answers; throws Problem OVERLOADED otherwise. */
  ping(): Promise<void>
  /** What is under way: calls, running or waiting, and open connections. */
  usage(): { calls: number; connections: number }
  /** Lets running statements finish, for a short while, and closes the pool. */
  close(): Promise<void>
}

export function openDatabase(options: DatabaseOptions): Database {
  const { url, deadlineMs, statementTimeoutMs, lockTimeoutMs, trace } = options
  // Whoever waits for a silent connection has been told so by then.
  const silentMsMax = Math.max(deadlineMs, statementTimeoutMs) + 1_000
  const sockets = createSockets(silentMsMax)
  const pool = createPool(options.poolSize, {
    url,
    sockets,
    idleSeconds: silentMsMax / 3_000,
    statementTimeoutMs,
    lockTimeoutMs,
  })
  const limiter = bulkhead(options.callsMax)

  function run<T>(statement: Statement<T>, connection: Connection): PromiseLike<T> {
    const running = statement(connection.sql, connection.orm)
    if (!trace) return running
    const text = connection.lastSqlText()
    const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text }
    return trace(spanName(text), attributes, async () => await running)
  }

  const call: Database['call'] = async (statement) => {
    const startBy = performance.now() + deadlineMs
    try {
      // A call that its caller gave up on keeps its place until it is really over.
      const running = limiter.execute(() => pool.use((connection) => run(statement, connection), startBy))
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
    usage: () => ({ calls: options.callsMax - limiter.executionSlots, connections: sockets.count() }),
    close: () => pool.close(),
  }
}

/** What it calls or reads, in a word: text as a name would be one of thousands. */
function spanName(text: string): string {
  const [, called, from] = /^select (\w+)\(|\bfrom "?(\w+)/.exec(text) ?? []
  return `sql ${called ?? from ?? 'statement'}`
}
