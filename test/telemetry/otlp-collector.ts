/** An OpenTelemetry collector: takes traces over HTTP, as JSON, and keeps them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  attributes: Record<string, unknown>
  /** 2: an error. */
  status: { code?: number; message?: string }
}

export interface Collector {
  endpoint: string
  /** All that has arrived, in any order. */
  spans: Span[]
  /** The bodies, as they came. */
  texts: string[]
  close(): Promise<void>
}

interface Sent {
  resourceSpans: {
    scopeSpans: {
      spans: (Omit<Span, 'attributes'> & { attributes: { key: string; value: Record<string, unknown> }[] })[]
    }[]
  }[]
}

export async function startCollector(): Promise<Collector> {
  const spans: Span[] = []
  const texts: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      texts.push(text)
      if (request.url === '/v1/traces') {
        for (const { scopeSpans } of (JSON.parse(text) as Sent).resourceSpans) {
          for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
            const attributes = span.attributes.map(
              ({ key, value }) => [key, Object.values(value)[0]] as const,
            )
            spans.push({ ...span, attributes: Object.fromEntries(attributes) })
          }
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    texts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
