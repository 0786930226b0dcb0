/** Polls `/ready` and `/health` of every server. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from './log.ts'
import type { Server, FaultCluster } from './cluster/types.ts'

/** The health of one store, as a server reports it. */
export interface StoreHealth {
  read: boolean
  write: boolean
}

export interface Health {
  postgres: StoreHealth
  redis: StoreHealth
}

const EVERY_MS = 300
const ANSWER_MS_MAX = 6_000

/** Null: no response, as from a process that is killed or frozen. */
async function get(server: Server, path: string): Promise<{ status: number; body: unknown } | null> {
  try {
    const url = new URL(path, server.directUrl)
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined }
  } catch {
    return null
  }
}

/** Logs every response until it is stopped. @returns what stops it */
export function pollHealth(cluster: FaultCluster, log: Log): () => Promise<void> {
  let stopped = false
  async function poll(server: Server): Promise<void> {
    while (!stopped) {
      const wasStopping = server.stopping
      const askedAt = Date.now()
      const [ready, health] = await Promise.all([get(server, '/ready'), get(server, '/health')])
      if (ready || health) {
        log.write({
          kind: 'health',
          server: server.index,
          askedAt,
          stopping: wasStopping || server.stopping,
          ready: ready?.status ?? null,
          health: (health?.body as Health | undefined) ?? null,
        })
      }
      await sleep(EVERY_MS)
    }
  }
  const polling = Promise.all(cluster.servers.map(poll))
  return async () => {
    stopped = true
    await polling
  }
}
