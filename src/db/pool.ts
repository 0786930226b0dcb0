/** The connections, one statement at a time on each, and those who wait for one. */
import { TimeoutError } from '../domain/timeout.ts'
import { createConnection, isPooled, type Connection, type ConnectionOptions } from './connection.ts'
import { driverErrorOf, isReadOnly, isSessionBroken } from './errors.ts'

export interface Pool {
  /**
   * Runs a statement on a connection that nobody else uses meanwhile. Callers get one in the order in which they came.
   * @param startBy by performance.now(): a caller who had to wait longer is not served any more
   * @throws TimeoutError after `startBy`; otherwise whatever `work` throws
   */
  use<T>(work: (connection: Connection) => PromiseLike<T>, startBy: number): Promise<T>
  /** Lets running statements finish, for a short while, and closes every connection. */
  close(): Promise<void>
}

interface Caller {
  startBy: number
  resolve: (connection: Connection) => void
  reject: (error: Error) => void
}

/** How often all connections are replaced at the most, while a server at the address refuses to write. */
const REPLACE_EVERY_MS = 500
const CLOSE_WITHIN_SECONDS = 5

/** @param size how many connections there are at the most */
export function createPool(size: number, options: ConnectionOptions): Pool {
  const waiting: Caller[] = []
  const current = new Set<Connection>()
  /** The one that was used last is at the end, so that those that are not needed are idle, and close. */
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

  /** A connection that is in use is replaced when it comes back. */
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

  /** The connection, or a new one in its place. */
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
    use: async (work, startBy) => {
      const connection = await acquire(startBy)
      // A session of a pooler has no time limit of ours. Again and again: the statement may itself have waited for a session.
      const limit = pooled === true && setInterval(() => connection.cancel(), options.statementTimeoutMs)
      let failed = true
      try {
        const result = await work(connection)
        failed = false
        return result
      } catch (error) {
        const cause = driverErrorOf(error)
        if (isSessionBroken(cause)) current.delete(connection)
        if (isReadOnly(cause)) replaceAll()
        throw cause
      } finally {
        if (limit !== false) clearInterval(limit)
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
