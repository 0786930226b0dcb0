/** Which handler a request goes to, and which requests are refused before any of them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReportBug } from '../graphql/mask-errors.ts'
import { BODY_BYTES_MAX, BODY_TOO_LONG } from './body.ts'
import { COMMON_HEADERS, rejectRequest, sendInternalError } from './errors.ts'
import { requestIdFromHeader } from './request-id.ts'
import type { StaticFiles } from './static-files.ts'

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export interface RouterOptions {
  /** By path. */
  endpoints: ReadonlyMap<string, RequestHandler>
  /** Undefined: no pages have been built, and `/` leads to GraphiQL. */
  pages: StaticFiles | undefined
  handleGraphQL: RequestHandler
  /** Logs an unhandled error. */
  onBug: ReportBug
}

/** @returns never rejects: an unhandled rejection would end the process */
export function createRouter({ endpoints, pages, handleGraphQL, onBug }: RouterOptions) {
  const isReadable = createUrlCheck()

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, isReadable)
    if (refusal) {
      rejectRequest(response, ...refusal)
      return
    }
    if (pages?.serve(request, response)) return
    if (request.url === '/') {
      response.writeHead(302, { ...COMMON_HEADERS, location: '/graphql' }).end()
      return
    }
    const endpoint = endpoints.get(request.url ?? '')
    if (endpoint) return endpoint(request, response)
    if (pages?.serveNotFound(request, response)) return
    return handleGraphQL(request, response)
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    route(request, response).catch((error: unknown) =>
      sendInternalError(response, onBug(error, requestIdFromHeader(request))),
    )
  }
}

/** A page of another origin can send these only after a preflight, unlike forms and plain text. */
const BODY_TYPES = /^application\/(json|graphql)\s*(;|$)/i

/** A body without a Content-Length is limited while it is read: see body.ts. */
function refusalOf(
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
 * Checks that the URL parses, after the Host as Yoga puts it in front, and that its parameters are JSON where they have to be:
 * Yoga relies on both. Nearly every request has the same URL and Host as the one before.
 */
function createUrlCheck(): (request: IncomingMessage) => boolean {
  let lastHost: string | undefined
  return ({ url = '', headers: { host } }) => {
    if (url === '/graphql' && host === lastHost) return true
    // The rest would be read as another host, under which Yoga has a health check of its own.
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
