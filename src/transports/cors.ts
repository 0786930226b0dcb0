/** What pages elsewhere may do: CORS, of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { CORSOptions } from 'graphql-yoga'

const ALLOWED_HEADERS = ['authorization', 'content-type', 'x-queue-token']

/** For Yoga. @param allowedOrigins where browsers may come from; null: from anywhere */
export const corsOptions = (allowedOrigins: readonly string[] | null): CORSOptions => ({
  origin: allowedOrigins ? [...allowedOrigins] : '*',
  credentials: false,
  allowedHeaders: ALLOWED_HEADERS,
})

/** The same headers as Yoga sends with an answer to a page from this origin. */
export function corsHeaders(
  origin: string | undefined,
  allowedOrigins: readonly string[] | null,
): Record<string, string> {
  if (origin === undefined) return {}
  const headers = { 'access-control-allow-headers': ALLOWED_HEADERS.join(', ') }
  const [only, ...others] = allowedOrigins ?? []
  if (only !== undefined && others.length === 0) return { ...headers, 'access-control-allow-origin': only }
  if (only !== undefined && !allowedOrigins?.includes(origin)) {
    return { ...headers, 'access-control-allow-origin': 'null' }
  }
  return { ...headers, 'access-control-allow-origin': origin, vary: 'Origin' }
}
