/** Responses to requests that cannot be handled, and the headers of every response. */
import type { ServerResponse } from 'node:http'
import { requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'

export const COMMON_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }

/** Refuses a request, and closes the connection. */
export function rejectRequest(response: ServerResponse, status: number, message: string): void {
  sendError(response, status, { message, extensions: { code: 'BAD_INPUT' } }, requestIdFor(response.req))
}

/** Answers after an unhandled error. A response that has begun is cut off: half of one must not look complete. */
export function sendInternalError(response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const extensions = { code: 'INTERNAL', requestId }
  sendError(response, 500, { message: 'Something went wrong on our side.', extensions }, requestId)
}

/** Read of a refused request: a client that is cut off while it still sends may not see the response. */
const DISCARDED_BYTES_MAX = 1024 * 1024

function sendError(response: ServerResponse, status: number, error: object, requestId: string): void {
  const text = JSON.stringify({ errors: [error] })
  response.writeHead(status, {
    ...COMMON_HEADERS,
    [REQUEST_ID_HEADER]: requestId,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  })
  const request = response.req
  if (request.complete) {
    response.end(text)
    return
  }
  response.write(text)
  let bytesLeft = DISCARDED_BYTES_MAX
  const end = (): void => void response.end()
  request.on('data', (chunk: Buffer) => {
    bytesLeft -= chunk.length
    if (bytesLeft < 0) end()
  })
  request.once('end', end).once('close', end)
}
