/**
 * The handler of /graphql. Ordinary requests and event streams take the fast path: they are read and answered here. Yoga
 * handles the rest, and runs operations by the same function. See docs/decisions/006.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { OperationTypeNode } from 'graphql'
import type { OperationParams } from '../graphql/params.ts'
import { isStream } from '../graphql/result-stream.ts'
import type { Operations } from '../graphql/run-operation.ts'
import { BODY_TOO_LONG, readBody } from './body.ts'
import { setCorsHeaders } from './cors.ts'
import { COMMON_HEADERS, rejectRequest } from './errors.ts'
import { sendJson } from './json.ts'
import { operationClient } from './operation-client.ts'
import { readParams } from './params.ts'
import { acceptsEventStream, createEventStreams, requiresEventStream } from './sse.ts'
import type { Yoga } from './yoga.ts'

export interface FastPathOptions {
  operations: Operations
  yoga: Yoga
  trustedProxies: number
  /** Origins of pages that may read responses; null: all. */
  allowedOrigins: readonly string[] | null
}

export function createFastPath({ operations, yoga, trustedProxies, allowedOrigins }: FastPathOptions) {
  const sendEvents = createEventStreams()

  async function handleWithYoga(
    request: IncomingMessage,
    response: ServerResponse,
    body: string | OperationParams,
  ): Promise<void> {
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value)
    // Yoga's own event stream keeps a timer and its source when the client disconnects before its first byte.
    if (/event-stream/i.test(request.headers.accept ?? '')) request.headers.accept = 'application/json'
    await yoga(request.method === 'POST' ? Object.assign(request, { body }) : request, response)
  }

  function takesFastPath(request: IncomingMessage, params: OperationParams): boolean {
    if (request.method !== 'POST' && request.method !== 'GET') return false
    if (isOrdinary(request) || requiresEventStream(request)) return true
    return acceptsEventStream(request) && operations.typeOf(params) === OperationTypeNode.SUBSCRIPTION
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setCorsHeaders(request, response, allowedOrigins)
    const { method, url = '' } = request
    if (method === 'OPTIONS') {
      response.writeHead(204, COMMON_HEADERS).end()
      return
    }
    const body = method === 'POST' ? await readBody(request) : ''
    if (body === null) {
      rejectRequest(response, 413, BODY_TOO_LONG)
      return
    }
    const params = /^\/graphql(\?|$)/.test(url) ? readParams(request, body) : undefined
    if (!params || !takesFastPath(request, params)) return handleWithYoga(request, response, params ?? body)

    const stream = acceptsEventStream(request) ? response : undefined
    const result = await operations.run(params, operationClient(request, trustedProxies, stream))
    if (response.destroyed) return
    if (isStream(result) || requiresEventStream(request)) return sendEvents(request, response, result)
    sendJson(request, response, result)
  }
}

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i

/** A POST of JSON that accepts any JSON: nearly every request. */
function isOrdinary({ method, url, headers }: IncomingMessage): boolean {
  const { accept = '*/*', 'content-type': type = '' } = headers
  return (
    method === 'POST' &&
    url === '/graphql' &&
    (type === 'application/json' || JSON_TYPE.test(type)) &&
    (accept === '*/*' || accept === 'application/json')
  )
}
