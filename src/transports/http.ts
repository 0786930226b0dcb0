/** The HTTP server: what comes before GraphQL, and stopping without cutting anybody off. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Yoga } from './yoga.ts'

/** A purchase fits in a fraction of this. */
export const BODY_BYTES_MAX = 64 * 1024

/**
 * The server, not listening yet. Node holds a body to its Content-Length, so bounding that bounds the body;
 * a body that does not say its length is refused.
 */
export function createHttpServer(yoga: Yoga): Server {
  const server = createServer((request, response) => {
    const refused = refusalOf(request)
    if (refused) {
      refuse(response, ...refused)
      return
    }
    if (request.url === '/') {
      response.writeHead(302, { location: '/graphql' }).end()
      return
    }
    void yoga(request, response)
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 20_000
  return server
}

function refusalOf(request: IncomingMessage): [status: number, message: string] | null {
  if (request.headers['transfer-encoding'] !== undefined)
    return [411, 'Say how long the body is: Content-Length.']
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    return [413, `A request can be at most ${BODY_BYTES_MAX} bytes long.`]
  }
  return null
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' })
    .end(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] }))
}
