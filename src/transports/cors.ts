/** What pages elsewhere may do: CORS, of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { CORSOptions } from 'graphql-yoga'

const ALLOWED_HEADERS = ['authorization', 'content-type', 'x-queue-token']

/**
 * May a page from this origin read answers? Whoever may not gets no headers at all: `null` in them is what the page in a
 * sandboxed frame says that it is.
 * @param allowedOrigins where browsers may come from; null: from anywhere
 */
const isAllowed = (origin: string, allowedOrigins: readonly string[] | null): boolean =>
  allowedOrigins === null || allowedOrigins.includes(origin)

/** For Yoga, which asks about each request. */
export const corsOptions =
  (allowedOrigins: readonly string[] | null) =>
  (request: Request): CORSOptions =>
    isAllowed(request.headers.get('origin') ?? '', allowedOrigins) && {
      origin: '*', // whichever it is, and says so
      credentials: false,
      allowedHeaders: ALLOWED_HEADERS,
    }

/** The same headers as Yoga sends with an answer to a page from this origin. */
export function corsHeaders(
  origin: string | undefined,
  allowedOrigins: readonly string[] | null,
): Record<string, string> {
  if (origin === undefined || !isAllowed(origin, allowedOrigins)) return {}
  return {
    'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
    'access-control-allow-origin': origin,
    vary: 'Origin',
  }
}
