/** One connection to PostgreSQL: a client of postgres.js that has no second one. */
import { connect, type Socket } from 'node:net'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Sockets } from './socket.ts'

export interface ConnectionOptions {
  url: string
  sockets: Sockets
  /** A connection that does nothing for so long is closed. */
  idleSeconds: number
  /** How long PostgreSQL works on one statement. */
  statementTimeoutMs: number
  /** How long one statement waits for one lock. */
  lockTimeoutMs: number
}

export interface Connection {
  sql: postgres.Sql
  orm: PostgresJsDatabase
  /** The text of the last statement, without its values. */
  lastSqlText(): string
  /**
   * Is its socket closed? It is not to be used again: postgres.js 3.4.9 answers the first statement after a reconnect with the
   * error, if any, that the server sent before it closed the old connection.
   */
  isLost(): boolean
  /** Asks the server to stop what this connection runs. */
  cancel(): void
  /** Ends it; a running statement has so many seconds to finish. */
  close(withinSeconds: number): Promise<void>
}

/** What the driver keeps of a statement. */
interface Statement {
  strings: readonly string[]
  /** What a cancellation names; null until it is sent. */
  state: { pid: number; secret: number } | null
}

/**
 * Is there a connection pooler at this address, like PgBouncer? A pooler tells its clients process ids of its own making.
 * @throws whatever the driver throws when nobody answers
 */
export async function isPooled(options: ConnectionOptions): Promise<boolean> {
  const sql = postgres(options.url, clientOptions(options))
  try {
    const rows = await sql<[{ pid: number }]>`select pg_backend_pid() as pid`
    return rows.state.pid !== rows[0].pid
  } finally {
    void sql.end({ timeout: 0 })
  }
}

/**
 * A connection that opens with the first statement.
 *
 * A pooler in transaction mode runs each statement on whichever session is free, so that nothing may depend on the
 * session: no prepared statements, and no settings. It also refuses a client that asks for settings while it connects.
 */
export function createConnection(options: ConnectionOptions, pooled: boolean): Connection {
  let last: Statement | undefined
  let socket: Socket | undefined
  let lost = false
  const common = {
    ...clientOptions(options, (opened) => {
      socket = opened
      lost = false
    }),
    onclose: () => {
      lost = true
    },
  }
  const settings = {
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    ...PLANNING,
  }
  const client = postgres(
    options.url,
    pooled ? common : { ...common, prepare: true, connection: { ...common.connection, ...settings } },
  )
  const sql = observeStatements(client, !pooled, (statement) => (last = statement))
  return {
    sql,
    orm: drizzle(sql, { casing: 'snake_case' }),
    lastSqlText: () => last?.strings.join('$').replace(/\s+/g, ' ').trim() ?? '',
    isLost: () => lost,
    cancel: () => {
      if (last?.state && socket) requestCancel(socket, last.state)
    },
    close: (withinSeconds) => client.end({ timeout: withinSeconds }),
  }
}

/**
 * Statistics may say anything: they are those of the moment when a statement was planned. So each statement is planned once
 * for all its values, and finds its rows by an index even where the table looks small. See docs/decisions/013.
 */
const PLANNING = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' }

function clientOptions({ url: _, ...options }: ConnectionOptions, onSocket?: (socket: Socket) => void) {
  const { sockets } = options
  return {
    // One statement at a time: the queues of postgres.js 3.4 get longer with every statement as long as they are not empty.
    max: 1,
    prepare: false,
    connect_timeout: 3,
    idle_timeout: options.idleSeconds,
    // postgres.js would wait up to 20 s, for PostgreSQL to come back or, after many lost connections, for nothing.
    backoff: (attempt: number) => Math.min(0.05 * attempt, 0.5),
    // It would ask for the types of arrays on every new connection, and end the process if that one is lost then.
    fetch_types: false,
    types: { int4s: arrayOf(1007, Number), int8s: arrayOf(1016, String), uuids: arrayOf(2951, String) },
    ...{
      // its types do not know this option
      socket: (address: Parameters<Sockets['make']>[0]) => {
        const socket = sockets.make(address)
        onSocket?.(socket)
        return socket
      },
    },
    onnotice: () => {},
    connection: { application_name: 'stagedoor', TimeZone: 'UTC' } as postgres.ConnectionParameters,
  }
}

/** The same client, which tells of every statement. drizzle would not have its statements prepared. */
const observeStatements = (
  sql: postgres.Sql,
  prepare: boolean,
  onStatement: (statement: Statement) => void,
): postgres.Sql =>
  new Proxy(sql, {
    apply: (client, _, args) => {
      const statement = Reflect.apply(client, undefined, args) as unknown as Statement
      onStatement(statement)
      return statement
    },
    get: (client, name, self) =>
      name === 'unsafe'
        ? (text: string, values: postgres.ParameterOrJSON<never>[]) => {
            const statement = client.unsafe(text, values, { prepare })
            onStatement(statement as unknown as Statement)
            return statement
          }
        : (Reflect.get(client, name, self) as unknown),
  })

/**
 * Sends a CancelRequest: PostgreSQL's manual, "Canceling Requests in Progress". Not the driver's own, whose failure nobody can
 * catch. Unencrypted, as libpq's, which every server takes; and the server closes the connection, as PgBouncer 1.18 ends when
 * a client does so first.
 */
function requestCancel(
  { remoteAddress, remotePort }: Socket,
  { pid, secret }: { pid: number; secret: number },
): void {
  if (remoteAddress === undefined || remotePort === undefined) return
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(80877102, 4)
  message.writeUInt32BE(pid, 8)
  message.writeUInt32BE(secret, 12)
  connect({ host: remoteAddress, port: remotePort, timeout: 3_000 })
    .on('error', () => undefined)
    .on('timeout', function (this: Socket) {
      this.destroy()
    })
    .write(message)
}

/** How an array of whole numbers or UUIDs is written and read. @param oid of its type: it never changes, see pg_type.dat */
const arrayOf = (oid: number, read: (item: string) => number | string) => ({
  to: oid,
  from: [oid],
  serialize: (items: readonly (number | string)[]) => `{${items.join(',')}}`,
  parse: (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(read)),
})
