import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { formatError } from '../graphql/mask-errors.ts'
import { corsHeaders } from './cors.ts'
import { COMMON_HEADERS } from './server.ts'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'

/** Name, value, name, value: Node takes a list as it is. */
const HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat()

/** Sends a result as application/json, the same bytes and headers as Yoga does. */
export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { errors, ...result }: ExecutionResult,
  allowedOrigins: readonly string[] | null,
): void {
  const shown = errors?.map(formatError)
  const text = JSON.stringify(shown ? { errors: shown, ...result } : result)
  const headers = [...HEADERS, 'content-length', String(Buffer.byteLength(text))]
  if (shown) headers.push(REQUEST_ID_HEADER, requestIdFor(request, shown))
  const { origin } = request.headers
  if (origin !== undefined) headers.push(...Object.entries(corsHeaders(origin, allowedOrigins)).flat())
  response.writeHead(200, headers).end(text)
}
