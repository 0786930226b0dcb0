import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { formatError } from '../graphql/mask-errors.ts'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'
import { COMMON_HEADERS } from './errors.ts'

/** Name, value, name, value: Node takes a list as it is. */
const HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat()

interface HttpExtension {
  status: number
  headers?: Record<string, string>
  /** The status is for application/graphql-response+json; application/json has 200. */
  spec?: boolean
}

/** The status, with its headers, that an error has in application/json; undefined: 200. */
function httpErrorOf(errors: readonly GraphQLError[] = []): HttpExtension | undefined {
  for (const { extensions } of errors) {
    const http = extensions.http as HttpExtension | undefined
    if (http && !http.spec) return http
  }
  return undefined
}

/** Sends a result as application/json, with the same bytes and headers as Yoga. */
export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  { errors, ...result }: ExecutionResult,
): void {
  const text = JSON.stringify(errors ? { errors: errors.map(formatError), ...result } : result)
  const headers = [...HEADERS, 'content-length', String(Buffer.byteLength(text))]
  const http = httpErrorOf(errors)
  if (errors) headers.push(REQUEST_ID_HEADER, requestIdFor(request, errors))
  if (http?.headers) headers.push(...Object.entries(http.headers).flat())
  response.writeHead(http?.status ?? 200, headers).end(text)
}
