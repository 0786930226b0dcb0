/** Cross-origin requests: CORS, of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The API's own, those of tracing in browsers (W3C Trace Context and Baggage, Sentry), and those of Apollo's clients. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-queue-token',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'apollographql-client-name',
  'apollographql-client-version',
  'apollo-require-preflight',
  'x-apollo-operation-name',
].join(', ')

/** Headers of a response that a page may read. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after'].join(', ')

/** How long a browser may keep the response to a preflight: Chromium keeps none for more than two hours. */
const PREFLIGHT_SECONDS = 7_200

/**
 * Sets the CORS headers of the response to a request from a page of another origin. Disallowed origins get none: never send
 * `null`, which is the origin of sandboxed frames.
 * @param allowedOrigins null: all
 */
export function setCorsHeaders(
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  allowedOrigins: readonly string[] | null,
): void {
  if (origin === undefined || (allowedOrigins !== null && !allowedOrigins.includes(origin))) return
  response.setHeader('access-control-allow-headers', ALLOWED_HEADERS)
  response.setHeader('access-control-allow-methods', 'GET, POST')
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', EXPOSED_HEADERS)
  response.setHeader('access-control-max-age', String(PREFLIGHT_SECONDS))
  response.setHeader('vary', 'Origin')
}
