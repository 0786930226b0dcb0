/** What pages elsewhere may do: CORS, of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { CORSOptions } from 'graphql-yoga'

/** Ours, what tracing adds to the requests of a page (W3C Trace Context and Baggage, Sentry), and what Apollo's clients send. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-queue-token',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'apollographql-client-name',
  'apollographql-client-version',
  'apollo-require-preflight',
  'x-apollo-operation-name',
]

/** What a page may read of an answer, beside its body. */
const EXPOSED_HEADERS = ['x-request-id', 'retry-after']

/** How long a browser may keep the answer to a preflight: Chromium keeps none for more than two hours. */
const PREFLIGHT_SECONDS = 7_200

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
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_SECONDS,
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
    'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: 'Origin',
  }
}
