/** GET /metrics: the text that Prometheus scrapes. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export interface MetricsEndpointOptions {
  registry: Registry
  /** What a scraper shows as `Authorization: Bearer …`; null: nobody can. */
  token: string | null
  /** Without a token to ask for: may everybody see it? Figures of a sale are nobody else's business. */
  open: boolean
  /** Reads what has to be asked for; never rejects, and takes a bounded time. */
  refresh: () => Promise<void>
  onBug: (error: unknown) => unknown
}

export function createMetricsEndpoint({ registry, token, open, refresh, onBug }: MetricsEndpointOptions) {
  let underWay: Promise<string> | null = null
  async function collect(): Promise<string> {
    await refresh()
    return registry.metrics()
  }
  /** However many ask at once, the stores are asked once. */
  function text(): Promise<string> {
    underWay ??= collect().finally(() => (underWay = null))
    return underWay
  }

  return async ({ headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (token === null && !open) {
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

/** Takes the same time whatever is wrong. */
const timingSafeEquals = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b))
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
