/** A pool of connections, one statement at a time on each, and the callers that wait for one. */
import type postgres from 'postgres'
import { TimeoutError } from '../domain/timeout.ts'
import type { TraceSpan } from '../domain/trace.ts'
import {
  createConnection,
  isPooled,
  type Connection,
  type ConnectionOptions,
  type Statement,
} from './connection.ts'
import { isReadOnly, isSessionBroken } from './errors.ts'
import { traceQuery } from './trace-query.ts'

export interface Pool {
  /**
   * Runs a statement on a connection of its own. Callers get connections in the order of their calls.
   * @param startBy by performance.now(): the statement is not sent after this
   * @throws TimeoutError after `startBy`; PostgresError
   */
  use<Rows extends readonly postgres.MaybeRow[]>(
    statement: Statement<Rows>,
    startBy: number,
  ): Promise<postgres.RowList<Rows>>
  /** Lets running statements finish for up to 5 s, and closes every connection. */
  close(): Promise<void>
}

export interface PoolOptions extends ConnectionOptions {
  trace?: TraceSpan | undefined
}

interface Caller {
  startBy: number
  resolve: (connection: Connection) => void
  reject: (error: Error) => void
}

/** Minimum time between two replacements of all connections, while the server at the address refuses to write. */
const REPLACE_EVERY_MS = 500
const CLOSE_WITHIN_SECONDS = 5

/** @param size the maximum number of connections */
export function createPool(size: number, options: PoolOptions): Pool {
  const waiting: Caller[] = []
  const current = new Set<Connection>()
  /** A stack: the connection that was used last is at the end, so that surplus ones stay idle and close. */
  let idle: Connection[] = []
  let pooled: boolean | undefined
  let opening: Promise<void> | undefined
  let closed = false
  let replacedAt = -Infinity

  async function open(): Promise<void> {
    pooled = await isPooled(options)
    idle = Array.from({ length: size }, connect)
  }

  function connect(): Connection {
    const connection = createConnection(options, pooled === true)
    current.add(connection)
    return connection
  }

  /** Connections in use are replaced when they are released. */
  function replaceAll(): void {
    if (performance.now() - replacedAt < REPLACE_EVERY_MS) return
    replacedAt = performance.now()
    current.clear()
    idle.forEach((connection) => void connection.close(0))
    idle = idle.map(connect)
  }

  async function acquire(startBy: number): Promise<Connection> {
    if (pooled === undefined) await (opening ??= open().finally(() => (opening = undefined)))
    if (closed) throw Object.assign(new Error('the pool is closed'), { code: 'CONNECTION_ENDED' })
    if (performance.now() >= startBy) throw new TimeoutError('the pool was not open in time')
    const free = idle.pop()
    if (free) return usable(free)
    return new Promise<Connection>((resolve, reject) => waiting.push({ startBy, resolve, reject }))
  }

  /** The connection itself, or a new one that replaces it. */
  function usable(connection: Connection): Connection {
    if (closed || (current.has(connection) && !connection.isLost())) return connection
    current.delete(connection)
    void connection.close(0)
    return connect()
  }

  function release(used: Connection, failed: boolean): void {
    const connection = usable(used)
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (performance.now() < next.startBy) {
        next.resolve(connection)
        return
      }
      next.reject(new TimeoutError('no connection was free in time'))
    }
    if (failed) idle.unshift(connection)
    else idle.push(connection)
  }

  return {
    use: async (statement, startBy) => {
      const connection = await acquire(startBy)
      let failed = true
      let canceller: NodeJS.Timeout | undefined
      try {
        const query = statement(connection.sql)
        // A pooler's session has no statement_timeout of ours. Repeated, since the statement may have waited for a session.
        if (pooled === true)
          canceller = setInterval(() => connection.cancel(query), options.statementTimeoutMs)
        const rows = await (options.trace ? traceQuery(options.trace, query) : query)
        failed = false
        return rows
      } catch (error) {
        if (isSessionBroken(error)) current.delete(connection)
        if (isReadOnly(error)) replaceAll()
        throw error
      } finally {
        clearInterval(canceller)
        release(connection, failed)
      }
    },
    close: async () => {
      closed = true
      await opening?.catch(() => undefined)
      await Promise.all([...current].map((connection) => connection.close(CLOSE_WITHIN_SECONDS)))
    },
  }
}
