/**
 * Server-sent events: GraphQL over SSE, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { formatError } from '../graphql/mask-errors.ts'
import { isStream, type Stream } from '../graphql/result-stream.ts'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'
import { COMMON_HEADERS } from './errors.ts'

/** Proxies close a connection on which nothing is sent for a minute, some of them sooner. */
const HEARTBEAT_MS = 12_000
const HEARTBEAT = ':\n\n'

const HEADERS = {
  ...COMMON_HEADERS,
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-store, no-transform',
  // nginx, and proxies that follow it, pass on each event at once.
  'x-accel-buffering': 'no',
}

/** Can the client read an event stream? */
export const acceptsEventStream = ({ headers: { accept } }: IncomingMessage): boolean =>
  accept === undefined || /text\/event-stream|text\/\*|\*\/\*/i.test(accept)

/** Does the client accept nothing but an event stream, whatever the operation? */
export const requiresEventStream = ({ headers: { accept = '' } }: IncomingMessage): boolean =>
  /text\/event-stream/i.test(accept) && !/application\/|\*\/\*/i.test(accept)

export type SendEvents = (
  request: IncomingMessage,
  response: ServerResponse,
  result: Stream | ExecutionResult,
) => Promise<void>

/** @returns sends results as events until their stream ends, with a heartbeat; one timer is enough for all responses */
export function createEventStreams(): SendEvents {
  const open = new Set<ServerResponse>()
  const sendHeartbeats = (): void => {
    for (const response of open) if (!response.writableNeedDrain) response.write(HEARTBEAT)
  }
  setInterval(sendHeartbeats, HEARTBEAT_MS).unref()

  return async (request, response, result) => {
    const errors = isStream(result) ? undefined : result.errors
    response.writeHead(200, {
      ...HEADERS,
      ...(errors && { [REQUEST_ID_HEADER]: requestIdFor(request, errors) }),
    })
    // Some browsers do not report the response to the page before the first byte of its body.
    response.write(HEARTBEAT)
    request.socket.setKeepAlive(true, HEARTBEAT_MS)
    open.add(response)
    response.once('close', () => open.delete(response))
    if (isStream(result)) for await (const one of result) await send(response, one)
    else await send(response, result)
    open.delete(response)
    response.end('event: complete\ndata:\n\n')
  }
}

/** Resolves when the next result can be sent: a slow client gets the newest state, and no backlog. */
async function send(response: ServerResponse, { errors, data }: ExecutionResult): Promise<void> {
  const payload = { ...(errors && { errors: errors.map(formatError) }), ...(data !== undefined && { data }) }
  if (response.write(`event: next\ndata: ${JSON.stringify(payload)}\n\n`) || response.destroyed) return
  await new Promise<void>((resolve) => {
    const proceed = (): void => {
      response.off('drain', proceed).off('close', proceed)
      resolve()
    }
    response.once('drain', proceed).once('close', proceed)
  })
}
