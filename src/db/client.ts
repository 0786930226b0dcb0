/** The connection to PostgreSQL: a pool, a deadline on every call, and a bound on how many may wait. */
import { bulkhead, BulkheadRejectedError } from 'cockatiel'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { DeadlinePassed, within } from '../domain/deadline.ts'
import { overloaded } from '../domain/problem.ts'
import type { TracePart } from '../domain/trace.ts'
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
  trace?: TracePart | undefined
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
  // Whoever waits for a silent connection has been told so by then.
  const silentMsMax = Math.max(options.deadlineMs, options.statementTimeoutMs) + 1_000
  const sockets = createSockets(silentMsMax)
  const sql = postgres(options.url, {
    max: options.poolSize,
    connect_timeout: 3,
    idle_timeout: silentMsMax / 3_000,
    // postgres.js would wait up to 20 s, for PostgreSQL to come back or, after many lost connections, for nothing.
    backoff: (attempt) => Math.min(0.05 * attempt, 0.5),
    // It would ask for the types of arrays on every new connection, and end the process if that one is lost then.
    fetch_types: false,
    types: { int4s: arrayOf(1007, Number), int8s: arrayOf(1016, String), uuids: arrayOf(2951, String) },
    ...{ socket: sockets.make }, // its types do not know this option
    onnotice: () => {},
    connection: {
      application_name: 'stagedoor',
      TimeZone: 'UTC',
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: options.lockTimeoutMs,
    },
  })
  let drizzled = ''
  const orm = drizzle(
    preparing(sql, (text) => (drizzled = text)),
    { casing: 'snake_case' },
  )
  const places = bulkhead(options.callsMax)

  const { trace } = options
  function run<T>(statement: Statement<T>): PromiseLike<T> {
    if (!trace) return statement(sql, orm)
    drizzled = ''
    const running = statement(sql, orm)
    const text = (drizzled || textOf(running)).replace(/\s+/g, ' ').trim()
    const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text }
    return trace(nameOf(text), attributes, async () => await running)
  }

  const call: Database['call'] = async (statement) => {
    try {
      // A call that its caller gave up on keeps its place until it is really over.
      const running = places.execute(async () => await run(statement))
      return await within(options.deadlineMs, running)
    } catch (error) {
      throw isTransient(error) ? overloaded(error) : error
    }
  }

  return {
    call,
    ping: async () => {
      await call((sql) => sql`select 1`)
    },
    usage: () => ({ calls: options.callsMax - places.executionSlots, connections: sockets.count() }),
    close: () => sql.end({ timeout: 5 }),
  }
}

/** The same client, for drizzle, which would have every statement parsed and planned anew. */
const preparing = (sql: postgres.Sql, onText: (text: string) => void): postgres.Sql =>
  new Proxy(sql, {
    get: (client, name, self) =>
      name === 'unsafe'
        ? (text: string, values: postgres.ParameterOrJSON<never>[]) => {
            onText(text)
            return client.unsafe(text, values, { prepare: true })
          }
        : (Reflect.get(client, name, self) as unknown),
  })

/** The text of a statement of postgres.js, without its values. */
const textOf = (statement: object): string =>
  'strings' in statement ? (statement.strings as readonly string[]).join('$') : ''

/** What it calls or reads, in a word: text as a name would be one of thousands. */
function nameOf(text: string): string {
  const [, called, from] = /^select (\w+)\(|\bfrom "?(\w+)/.exec(text) ?? []
  return `sql ${called ?? from ?? 'statement'}`
}

/** How an array of whole numbers or UUIDs is written and read. @param oid of its type: it never changes, see pg_type.dat */
const arrayOf = (oid: number, read: (item: string) => number | string) => ({
  to: oid,
  from: [oid],
  serialize: (items: readonly (number | string)[]) => `{${items.join(',')}}`,
  parse: (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(read)),
})

/** SQLSTATEs after which the same statement may be sent again: PostgreSQL's manual, appendix A. */
const transientStates = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '55P03', // lock_not_available: lock_timeout
  '57014', // query_canceled: statement_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
])

/** Is it the connection, a timeout or a lock that failed, and not the statement? */
function isTransient(error: unknown): boolean {
  if (error instanceof BulkheadRejectedError || error instanceof DeadlinePassed) return true
  // drizzle wraps what the driver throws; only the cause has the code.
  const { code } = (error instanceof Error && error.cause !== undefined ? error.cause : error) as {
    code?: unknown
  }
  if (typeof code !== 'string') return false
  return transientStates.has(code) || code.startsWith('08') || /^(CONNECT|E[A-Z]+$)/.test(code)
}
