/** The endpoints of load balancers and monitoring: /live, /ready and /health. */
import type { ServerResponse } from 'node:http'
import type { StoreHealth } from '../domain/health.ts'
import { COMMON_HEADERS } from './errors.ts'
import type { RequestHandler } from './router.ts'

/** How long a report is kept: more frequent requests add no load to the stores. */
const REPORT_TTL_MS = 1_000

export interface HealthOptions {
  /** By the name of the store; a probe never rejects and has a deadline. */
  stores: Record<string, () => Promise<StoreHealth>>
  /** True from the moment that this server should get no new requests. */
  isDraining: () => boolean
}

/**
 * The endpoints, by path.
 * - `/live`: 200 while the process runs.
 * - `/ready`: 200 while this server should get requests, 503 while it drains. It does not depend on the stores: they are
 *   shared, so a failure would take every server out at once, and with them all that still works.
 * - `/health`: a StoreHealth for each store; 200 if all reads and writes are served, 503 otherwise.
 */
export function createHealthEndpoints({ stores, isDraining }: HealthOptions): Map<string, RequestHandler> {
  const report = cached(REPORT_TTL_MS, async () => {
    const probed = Object.entries(stores).map(async ([store, probe]) => [store, await probe()] as const)
    return Object.fromEntries(await Promise.all(probed))
  })

  return new Map<string, RequestHandler>([
    ['/live', (_, response) => send(response, 200, { status: 'live' })],
    [
      '/ready',
      (_, response) =>
        isDraining() ? send(response, 503, { status: 'draining' }) : send(response, 200, { status: 'ready' }),
    ],
    [
      '/health',
      async (_, response) => {
        const health = await report()
        const allServed = Object.values(health).every(({ read, write }) => read && write)
        await send(response, allServed ? 200 : 503, health)
      },
    ],
  ])
}

/** Runs `compute` once for all calls while it runs and for `ttlMs` after it. */
function cached<T>(ttlMs: number, compute: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined
  return () => {
    current ??= compute().finally(() => setTimeout(() => (current = undefined), ttlMs).unref())
    return current
  }
}

function send(response: ServerResponse, status: number, body: object): Promise<void> {
  response
    .writeHead(status, { ...COMMON_HEADERS, 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body))
  return Promise.resolve()
}
