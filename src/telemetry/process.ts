/** Connections and calls of this process. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Database } from '../db/client.ts'
import type { RedisConnection } from '../redis/connection.ts'

export interface ProcessMetricsOptions {
  /** Open WebSockets. */
  sockets: { count(): number }
  db: Database
  connection: RedisConnection
  poolSize: number
}

export function registerProcessMetrics(
  registry: Registry,
  { sockets, db, connection, poolSize }: ProcessMetricsOptions,
): void {
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number): void => {
    const registers = [registry]
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('stagedoor_websockets', 'Open WebSockets.', () => sockets.count())
  gauge('stagedoor_postgres_connections', 'Open connections to PostgreSQL.', () => db.usage().connections)
  gauge('stagedoor_postgres_connections_max', 'Connections that the pool may open.', () => poolSize)
  gauge('stagedoor_postgres_connections_busy', 'Connections in use by a call.', () =>
    Math.min(db.usage().calls, poolSize),
  )
  gauge('stagedoor_postgres_calls_waiting', 'Calls waiting for a connection.', () =>
    Math.max(0, db.usage().calls - poolSize),
  )
  gauge('stagedoor_redis_calls', 'Pending calls to Redis.', () => connection.calls())
}
