/** The HTTP server: what comes before GraphQL, and stopping without cutting anybody off. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Pages } from './pages.ts'
import { nameOf, REQUEST_ID } from './request-id.ts'

/** A purchase fits in a fraction of this. */
export const BODY_BYTES_MAX = 64 * 1024

/** How long a request may take to arrive, from its first byte: its head, the whole of it, and how often Node looks. */
const TIMES = { headersTimeout: 6_000, requestTimeout: 12_000, connectionsCheckingInterval: 2_000 }

/** What a page elsewhere cannot send without being allowed to, as it could a form or plain text. */
const BODY_TYPES = /^application\/(json|graphql)\s*(;|$)/i

/** What every answer says, whoever gives it. */
export const COMMON_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }

/**
 * The server, not listening yet. Node holds a body to its Content-Length, so bounding that bounds the body; a body that
 * does not say its length is refused.
 * @param answer sends COMMON_HEADERS with what it answers
 * @param pages undefined: none have been built, and GraphiQL is all that there is to look at
 */
export function createHttpServer(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  pages: Pages | undefined,
): Server {
  const server = createServer(TIMES, (request, response) => {
    const refused = refusalOf(request)
    if (refused) {
      refuse(response, ...refused)
      return
    }
    if (pages?.answer(request, response)) return
    if (request.url === '/') {
      response.writeHead(302, { ...COMMON_HEADERS, location: '/graphql' }).end()
      return
    }
    void answer(request, response)
  })
  return server
}

function refusalOf(request: IncomingMessage): [status: number, message: string] | null {
  if (!isReadable(request)) return [400, 'The address cannot be read.']
  if (request.headers['transfer-encoding'] !== undefined)
    return [411, 'Say how long the body is: Content-Length.']
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    return [413, `A request can be at most ${BODY_BYTES_MAX} bytes long.`]
  }
  if (request.method === 'POST' && !BODY_TYPES.test(request.headers['content-type'] ?? '')) {
    return [415, 'Send the operation as application/json.']
  }
  return null
}

/** Does the address parse, and are the parts of it JSON that have to be? Yoga takes both for granted. */
function isReadable({ url = '', headers }: IncomingMessage): boolean {
  if (url === '/graphql') return true
  try {
    const { searchParams } = new URL(url, `http://${headers.host ?? 'localhost'}`)
    for (const name of ['variables', 'extensions']) JSON.parse(searchParams.get(name) || 'null')
    return true
  } catch {
    return false
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, {
      ...COMMON_HEADERS,
      [REQUEST_ID]: nameOf(response.req),
      'content-type': 'application/json; charset=utf-8',
      connection: 'close',
    })
    .end(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] }))
}
