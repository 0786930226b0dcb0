/** Queries and mutations: one POST each. */
import { print } from '@0no-co/graphql.web'
import type { Timing } from './backoff.ts'
import { backoffMs } from './backoff.ts'
import { ApiError, apiErrorFrom, isRetryable, networkErrorFrom, type ResponseError } from './errors.ts'
import type { TypedDocument } from './graphql.ts'

/** What an operation shows of its caller. */
export interface Credentials {
  /** The identity, sent as `Authorization: Bearer …`. */
  accessToken?: string | undefined
  /** The place in the queue, sent as `X-Queue-Token`. */
  queueToken?: string | undefined
}

export interface GraphQLResponse<Data> {
  /** Of HTTP. */
  status: number
  data?: Data | null
  errors?: ResponseError[]
}

/** The part of fetch that is used, so that Node can bring another with its own connections. */
export type Fetch = (
  url: string,
  init: { method: 'POST'; headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>

export interface ResponseInfo {
  operationName: string | undefined
  headers: { get(name: string): string | null }
  /** performance.now() when the request was sent. */
  sentAt: number
}

export interface HttpOptions extends Timing {
  url: string
  fetch: Fetch
  timeoutMs: number
  /** Of `request`, the first one included. */
  attemptsMax: number
  onResponse: (info: ResponseInfo) => void
  /** Called before an attempt is repeated, with the code of the error. */
  onRetry: (code: string) => void
}

export const headersOf = ({ accessToken, queueToken }: Credentials): Record<string, string> => ({
  ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
  ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
})

const texts = new WeakMap<object, string>()

/** The text of a document; a string is one already. */
export function textOf(document: TypedDocument<unknown, never> | string): string {
  if (typeof document === 'string') return document
  const text = texts.get(document) ?? print(document)
  texts.set(document, text)
  return text
}

const operationNameOf = (text: string): string | undefined =>
  /^\s*(?:query|mutation)\s+(\w+)/m.exec(text)?.[1]

/** Sends an operation once. @throws ApiError NETWORK … when no GraphQL response came back */
export async function send<Data>(
  { url, fetch, timeoutMs, onResponse }: HttpOptions,
  text: string,
  variables: unknown,
  credentials: Credentials,
): Promise<GraphQLResponse<Data>> {
  const sentAt = performance.now()
  // AbortSignal.timeout is in Safari since 16 only.
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), timeoutMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      signal: timeout.signal,
      headers: { 'content-type': 'application/json', ...headersOf(credentials) },
      body: JSON.stringify({ query: text, variables }),
    })
    const body = await response.text()
    onResponse({ operationName: operationNameOf(text), headers: response.headers, sentAt })
    return { status: response.status, ...parseBody<Data>(body, response.status) }
  } catch (error) {
    throw error instanceof ApiError ? error : networkErrorFrom(error)
  } finally {
    clearTimeout(timer)
  }
}

/** A proxy between may answer by itself, with a page. */
function parseBody<Data>(body: string, status: number): Omit<GraphQLResponse<Data>, 'status'> {
  try {
    return JSON.parse(body) as GraphQLResponse<Data>
  } catch {
    throw new ApiError(`HTTP ${status} without a GraphQL response`, `NETWORK HTTP_${status}`)
  }
}

/**
 * Sends an operation, again while the network or the server is away or busy. Mutations that move money or seats have an
 * idempotency key, and the others may be repeated: sending again is safe.
 * @throws ApiError
 */
export async function request<Data>(
  options: HttpOptions,
  text: string,
  variables: unknown,
  credentials: Credentials,
): Promise<Data> {
  const { attemptsMax, sleep, random, onRetry } = options
  for (let attempt = 0; ; attempt += 1) {
    let retryAfterMs: number | undefined
    try {
      const { data, errors } = await send<Data>(options, text, variables, credentials)
      if (!errors && data) return data
      const seconds = errors?.[0]?.extensions?.retryAfterSeconds
      if (seconds !== undefined) retryAfterMs = seconds * 1_000 * (1 + random() / 2)
      throw apiErrorFrom(errors ?? [])
    } catch (error) {
      if (!(error instanceof ApiError) || !isRetryable(error.code) || attempt + 1 >= attemptsMax) throw error
      onRetry(error.code)
      await sleep(retryAfterMs ?? backoffMs(attempt, random))
    }
  }
}
