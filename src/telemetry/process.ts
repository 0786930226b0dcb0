/** What this process has under way, as it stands at a scrape. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Database } from '../db/client.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { OperationMetrics } from '../graphql/operation-metrics.ts'

export interface ProcessMetricsOptions {
  operationMetrics: OperationMetrics
  /** How many are open. */
  sockets: () => number
  db: Database
  connection: RedisConnection
  poolSize: number
}

export function registerProcessMetrics(registry: Registry, figures: ProcessMetricsOptions): void {
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
  gauge('stagedoor_websockets', 'Open WebSockets.', figures.sockets)
  gauge(
    'stagedoor_subscriptions',
    'Open subscriptions, over whichever transport.',
    () => figures.operationMetrics.subscriptions,
  )
  gauge(
    'stagedoor_postgres_connections',
    'Open connections to PostgreSQL.',
    () => figures.db.usage().connections,
  )
  gauge('stagedoor_postgres_connections_max', 'Connections that the pool may open.', () => figures.poolSize)
  gauge('stagedoor_postgres_connections_busy', 'Connections that work on a call.', () =>
    Math.min(figures.db.usage().calls, figures.poolSize),
  )
  gauge('stagedoor_postgres_calls_waiting', 'Calls that wait behind others for a connection.', () =>
    Math.max(0, figures.db.usage().calls - figures.poolSize),
  )
  gauge('stagedoor_redis_calls', 'Calls to Redis under way.', () => figures.connection.calls())
}
