/** The HTTP server: what comes before GraphQL, and stopping without cutting anybody off. */
import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { ReportBug } from '../graphql/mask-errors.ts'
import type { StaticFiles } from './static-files.ts'
import { BODY_BYTES_MAX } from './body.ts'
import { requestIdFromHeader, requestIdFor, REQUEST_ID_HEADER } from './request-id.ts'
import { disconnectSlowClients } from './slow-clients.ts'

/** How long a request may take to arrive, from its first byte: its head, the whole of it, and how often Node looks. */
const TIMEOUTS = { headersTimeout: 6_000, requestTimeout: 12_000, connectionsCheckingInterval: 2_000 }

/** What a page elsewhere cannot send without being allowed to, as it could a form or plain text. */
const BODY_TYPES = /^application\/(json|graphql)\s*(;|$)/i

export const BODY_TOO_LONG = `A request can be at most ${BODY_BYTES_MAX} bytes long.`

/** What every answer says, whoever gives it. */
export const COMMON_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }

/**
 * The server, not listening yet. Node holds a body to its Content-Length, so one that is too long is refused before it comes;
 * one that does not say its length is bounded while it arrives: see body.ts.
 * @param answer sends COMMON_HEADERS with what it answers
 * @param pages undefined: none have been built, and GraphiQL is all that there is to look at
 * @param onBug hears of an answer that could not be given
 */
export function createHttpServer(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  pages: StaticFiles | undefined,
  onBug: ReportBug,
): Server {
  const isReadable = createUrlCheck()
  const server = createServer({ ...TIMEOUTS, IncomingMessage: Request }, (request, response) => {
    const refused = requestErrorOf(request, isReadable)
    if (refused) {
      rejectRequest(response, ...refused)
      return
    }
    if (pages?.serve(request, response)) return
    if (request.url === '/') {
      response.writeHead(302, { ...COMMON_HEADERS, location: '/graphql' }).end()
      return
    }
    // A rejection that nobody handles would end the process, and all that it does for others.
    answer(request, response).catch((error: unknown) =>
      sendInternalError(response, onBug(error, requestIdFromHeader(request))),
    )
  })
  disconnectSlowClients(server)
  return server
}

/**
 * A request whose upgrade to anything but a WebSocket is ignored, as RFC 9110 (7.8) wants it: Java's HttpClient asks for h2c with
 * every first request. With a listener for WebSockets, Node would hand all of them to it; it asks for `upgrade` when it has read
 * the head.
 */
class Request extends IncomingMessage {
  private asked: boolean | null | undefined

  get upgrade(): boolean {
    return (
      this.asked === true && (this.method === 'CONNECT' || /^websocket$/i.test(this.headers.upgrade ?? ''))
    )
  }

  set upgrade(asked: boolean | null) {
    this.asked = asked
  }
}

function requestErrorOf(
  request: IncomingMessage,
  isReadable: (request: IncomingMessage) => boolean,
): [status: number, message: string] | null {
  if (!isReadable(request)) return [400, 'The address cannot be read.']
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return [413, BODY_TOO_LONG]
  if (request.method === 'POST' && !BODY_TYPES.test(request.headers['content-type'] ?? '')) {
    return [415, 'Send the operation as application/json.']
  }
  return null
}

/**
 * Does the address parse, with the Host as Yoga puts it in front, and are the parts of it JSON that have to be? Yoga
 * takes all of it for granted. Nearly every request is for the same address on the same host as the one before.
 */
function createUrlCheck(): (request: IncomingMessage) => boolean {
  let lastHost: string | undefined
  return ({ url = '', headers: { host } }) => {
    if (url === '/graphql' && host === lastHost) return true
    // The rest of it would be read as another host, and Yoga has a health check of its own under that.
    if (url.startsWith('//')) return false
    try {
      const { searchParams } = new URL(url, `http://${host ?? 'localhost'}`)
      for (const name of ['variables', 'extensions']) JSON.parse(searchParams.get(name) || 'null')
    } catch {
      return false
    }
    lastHost = host
    return true
  }
}

/** Answers that the request itself is wrong, and ends the connection. */
export function rejectRequest(response: ServerResponse, status: number, message: string): void {
  sendError(response, status, { message, extensions: { code: 'BAD_INPUT' } }, requestIdFor(response.req))
}

/** What a bug leaves to say; nothing can be added to an answer that has begun, and half of one must not look whole. */
function sendInternalError(response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const extensions = { code: 'INTERNAL', requestId }
  sendError(response, 500, { message: 'Something went wrong on our side.', extensions }, requestId)
}

/** What is read of a request that is refused: a client that is cut off while it still sends may not see the answer. */
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
  let left = DISCARDED_BYTES_MAX
  const end = (): void => void response.end()
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) end()
  })
  request.once('end', end).once('close', end)
}
