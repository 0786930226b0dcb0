/** One connection to PostgreSQL: a postgres.js client with a pool of one. */
import { connect, type Socket } from 'node:net'
import postgres from 'postgres'
import type { Sockets } from './socket.ts'

export interface ConnectionOptions {
  url: string
  sockets: Sockets
  /** An idle connection is closed after this. */
  idleSeconds: number
  statementTimeoutMs: number
  lockTimeoutMs: number
}

/** Builds one statement; the pool sends it. */
export type Statement<Rows extends readonly postgres.MaybeRow[]> = (
  sql: postgres.Sql,
) => postgres.PendingQuery<Rows>

export interface Connection {
  sql: postgres.Sql
  /**
   * Whether its socket has closed. It must not be used again: postgres.js 3.4.9 answers the first statement after a reconnect
   * with the error, if any, that the server sent before it closed the old connection.
   */
  isLost(): boolean
  /** Asks the server to cancel a statement of this connection. No effect before the statement is sent. */
  cancel(query: object): void
  /** Closes it; a running statement has so many seconds to finish. */
  close(withinSeconds: number): Promise<void>
}

/**
 * Whether a connection pooler such as PgBouncer answers at this address: a pooler invents the process ids that its clients see.
 * @throws what the driver throws when there is no answer
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
 * A connection that opens with its first statement.
 *
 * A pooler in transaction mode runs each statement in any free session, so nothing may depend on the session: no prepared
 * statements and no settings. It also refuses clients that send settings while they connect.
 */
export function createConnection(options: ConnectionOptions, pooled: boolean): Connection {
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
  const sql = postgres(
    options.url,
    pooled ? common : { ...common, prepare: true, connection: { ...common.connection, ...settings } },
  )
  return {
    sql,
    isLost: () => lost,
    cancel: (query) => {
      // The driver sets this when it sends the statement; its types do not know it.
      const { state: backend } = query as { state: { pid: number; secret: number } | null }
      if (backend && socket) requestCancel(socket, backend)
    },
    close: (withinSeconds) => sql.end({ timeout: withinSeconds }),
  }
}

/**
 * One plan for each statement, with index scans, whatever the statistics were when it was planned: docs/decisions/014. A plan made
 * while a table was nearly empty would scan it for ever.
 */
const PLANNING = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' }

function clientOptions({ url: _, ...options }: ConnectionOptions, onSocket?: (socket: Socket) => void) {
  const { sockets } = options
  return {
    // One statement at a time: the queues of postgres.js 3.4 grow with every statement while they are not empty.
    max: 1,
    prepare: false,
    connect_timeout: 3,
    idle_timeout: options.idleSeconds,
    // postgres.js would wait up to 20 s before it reconnects.
    backoff: (attempt: number) => Math.min(0.05 * attempt, 0.5),
    // It would query the array types on every new connection, and end the process if the connection is lost meanwhile.
    fetch_types: false,
    types: TYPES,
    transform: { column: { from: postgres.toCamel } },
    ...{
      // The driver's types do not know this option.
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

/**
 * Sends a CancelRequest: PostgreSQL's manual, "Canceling Requests in Progress". The driver's own cannot be used: its failure
 * cannot be caught. Unencrypted as libpq's, which every server accepts. The server closes the connection: PgBouncer 1.18 ends
 * when the client does so first.
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

/** An array type without quoting: for numbers, UUIDs and lower- or upper-case words. @param oid see pg_type.dat; never changes */
const arrayOf = (oid: number, read: (item: string) => number | string) => ({
  to: oid,
  from: [oid],
  serialize: (items: readonly (number | string)[]) => `{${items.join(',')}}`,
  parse: (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(read)),
})

const TYPES = {
  /** No bigint here exceeds 2^53 − 1: balances have a check constraint, and no other value comes near it. */
  int8: { to: 20, from: [20], serialize: String, parse: Number },
  int4s: arrayOf(1007, Number),
  int8s: arrayOf(1016, Number),
  uuids: arrayOf(2951, String),
  words: arrayOf(1009, String),
}
