/** Credentials over WebSocket: the headers of HTTP, as members of the payload of connection_init, or of one operation. */
import type { Credentials } from '../resolvers/context.ts'
import { parseRequestId, REQUEST_ID_HEADER } from '../http/request-id.ts'

/** The payload of connection_init. */
export type ConnectionParams = Record<string, unknown>

const NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'x-queue-token',
  REQUEST_ID_HEADER,
  'traceparent',
])

/** What is kept of each credential for as long as the socket is open: none that is valid is longer. */
const CHARACTERS_MAX = 4_200

/** Only the credentials of a payload. */
export const pickCredentials = (params: ConnectionParams): ConnectionParams =>
  Object.fromEntries(
    Object.entries(params)
      .filter(([name, value]) => NAMES.has(name.toLowerCase()) && typeof value === 'string')
      .slice(0, NAMES.size)
      .map(([name, value]) => [name, String(value).slice(0, CHARACTERS_MAX)]),
  )

/** The headers of one operation. GraphiQL has one socket for all of its tabs, and sends each tab's headers so. */
export function headersIn(extensions: Record<string, unknown> | null | undefined): object {
  const headers = extensions?.headers
  return typeof headers === 'object' && headers !== null ? headers : {}
}

/** @param params names are case-insensitive */
export function credentialsFrom(params: object, address: string): Credentials {
  const byName = new Map(
    Object.entries(params).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]),
  )
  const textOf = (name: string): string | undefined => {
    const value = byName.get(name)
    return typeof value === 'string' ? value : undefined
  }
  return {
    authorization: textOf('authorization'),
    queueToken: textOf('x-queue-token'),
    address,
    requestId: parseRequestId(textOf(REQUEST_ID_HEADER)),
    traceparent: textOf('traceparent'),
  }
}
