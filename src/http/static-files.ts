/** The pages built from web/: read once, kept compressed, and served with their security headers. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * The Content Security Policy of a page: https://www.w3.org/TR/CSP3/. Its script and styles are inline (web/vite.config.ts)
 * and allowed by their hashes; everything else has to come from this server.
 */
function contentSecurityPolicyOf(html: string): string {
  const inline = [...html.matchAll(/<(script|style)\b[^>]*>([^]*?)<\/\1>/g)]
  const hashesOf = (element: string): string =>
    inline
      .filter(([, name, text]) => name === element && text !== '')
      .map(([, , text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ')
  return [
    "default-src 'none'",
    `script-src 'self' ${hashesOf('script')}`,
    `style-src 'self' ${hashesOf('style')}`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

interface File {
  headers: Record<string, string>
  bodies: Record<'br' | 'gzip' | 'identity', Buffer>
}

/** Beside the built server, or where the build puts them when the server runs from its sources. */
const DIRECTORIES = ['../pages/', '../../dist/pages/'].map((path) => new URL(path, import.meta.url))

export interface StaticFiles {
  /** @returns false: it is not one of the files, and has not been answered */
  serve(request: IncomingMessage, response: ServerResponse): boolean
  /**
   * Answers a browser at an unknown path with 404 and the buyer's page, which explains it.
   * @returns false: it is not a browser's, and has not been answered
   */
  serveNotFound(request: IncomingMessage, response: ServerResponse): boolean
}

/** @returns undefined: they have not been built */
export function loadStaticFiles(): StaticFiles | undefined {
  const place = DIRECTORIES.find((directory) => existsSync(directory))
  if (!place) return undefined
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter(
    (name) => extname(name) in TYPES,
  )
  const files = new Map(names.map((name) => [urlPathOf(name), readFile(new URL(name, place), name)]))
  return {
    serve: (request, response) => {
      // Every operation passes here, so a POST is not looked up.
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const file = files.get((request.url ?? '').replace(/\?.*$/, ''))
      if (!file) return false
      if (request.headers['if-none-match'] === file.headers['etag']) {
        response.writeHead(304, file.headers).end()
      } else send(200, file, request, response)
      return true
    },
    serveNotFound: (request, response) => {
      const page = files.get('/')
      const isForPeople = /\btext\/html\b/.test(request.headers.accept ?? '')
      if (request.method !== 'GET' || !isForPeople || request.url?.startsWith('/graphql') || !page)
        return false
      const headers = { ...page.headers, 'cache-control': 'no-store' }
      send(404, { ...page, headers }, request, response)
      return true
    },
  }
}

/** `/` and `/operator`: no path ends with a slash. */
const urlPathOf = (name: string): string => `/${name}`.replace(/\/index\.html$/, '') || '/'

function readFile(path: URL, name: string): File {
  const body = readFileSync(path)
  const isPage = name.endsWith('.html')
  return {
    headers: {
      ...HEADERS,
      'content-type': TYPES[extname(name)] ?? '',
      vary: 'accept-encoding',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      // Revalidated each time, and not sent again if it is the same.
      'cache-control': 'no-cache',
      ...(isPage && { 'content-security-policy': contentSecurityPolicyOf(body.toString()) }),
    },
    bodies: { br: brotliCompressSync(body), gzip: gzipSync(body), identity: body },
  }
}

function send(
  status: number,
  { headers, bodies }: File,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const accepted = request.headers['accept-encoding']?.toString() ?? ''
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : 'identity'
  const body = bodies[encoding]
  response.writeHead(status, {
    ...headers,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
    'content-length': body.length,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
