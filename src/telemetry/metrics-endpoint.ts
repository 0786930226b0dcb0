/** GET /metrics, in the text format of Prometheus. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export interface MetricsEndpointOptions {
  registry: Registry
  /** Expected as `Authorization: Bearer …`; null: there is none. */
  token: string | null
  /** Without a token: serve /metrics to everybody? Otherwise it is 404, because the numbers of a sale are confidential. */
  allowAnonymous: boolean
  /** Reads the metrics of the stores; never rejects, and takes a bounded time. */
  refresh: () => Promise<void>
  /** Logs an unhandled error. */
  onBug: (error: unknown) => unknown
}

export function createMetricsEndpoint(options: MetricsEndpointOptions) {
  const { registry, token, allowAnonymous, refresh, onBug } = options
  let pending: Promise<string> | null = null
  async function collect(): Promise<string> {
    await refresh()
    return registry.metrics()
  }
  /** Scrapes at the same time share one read of the stores. */
  function text(): Promise<string> {
    pending ??= collect().finally(() => (pending = null))
    return pending
  }

  return async ({ headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (token === null && !allowAnonymous) {
      response.writeHead(404).end()
      return
    }
    if (token !== null && !timingSafeEquals(headers.authorization ?? '', `Bearer ${token}`)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      return
    }
    try {
      const body = await text()
      response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(body)
    } catch (error) {
      onBug(error)
      response.writeHead(500).end()
    }
  }
}

/** Takes the same time wherever the two differ. */
const timingSafeEquals = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b))
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
