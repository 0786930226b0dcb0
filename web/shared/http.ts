/** Queries and mutations: one POST each, sent again while the network or the server is away. */
import { print } from '@0no-co/graphql.web'
import { syncServerClock } from './clock.ts'
import type { TadaDocumentNode } from './graphql.ts'

/** What a request shows: who it is from, and their place in line. */
export interface Credentials {
  accessToken?: string | undefined
  queueToken?: string | undefined
}

/** An answer that sending again would not change. `code` is the server's. */
export class ApiError extends Error {
  readonly code: string
  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

interface ResponseBody<Data> {
  data?: Data | null
  errors?: { message: string; extensions?: { code?: string; retryAfterSeconds?: number } }[]
}

const RESPONSE_TIMEOUT_MS = 10_000
const ATTEMPTS_MAX = 8
/** Codes of errors that pass. */
export const RETRYABLE_CODES = new Set(['OVERLOADED', 'RATE_LIMITED'])

/**
 * Asks until there is an answer. Every mutation of ours carries an idempotency key or may be repeated, so sending it again is safe.
 * @throws Refused; Error when nobody has answered after many attempts
 */
export async function execute<Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  credentials: Credentials = {},
): Promise<Data> {
  const body = JSON.stringify({ query: print(document), variables })
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { data, errors } = await post<Data>(body, credentials)
      const error = errors?.[0]
      if (!error && data) return data
      const { code = 'INTERNAL', retryAfterSeconds = 1 } = error?.extensions ?? {}
      if (!RETRYABLE_CODES.has(code) || attempt >= ATTEMPTS_MAX)
        throw new ApiError(error?.message ?? '', code)
      await delayWithJitter(retryAfterSeconds * 1_000)
    } catch (error) {
      if (error instanceof ApiError || attempt >= ATTEMPTS_MAX) throw error
      await delayWithJitter(Math.min(250 * 2 ** attempt, 5_000))
    }
  }
}

async function post<Data>(
  body: string,
  { accessToken, queueToken }: Credentials,
): Promise<ResponseBody<Data>> {
  const askedAt = performance.now()
  // Safari has AbortSignal.timeout since 16.
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), RESPONSE_TIMEOUT_MS)
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      signal: limit.signal,
      headers: {
        'content-type': 'application/json',
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
        ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
      },
      body,
    })
    syncServerClock(response.headers.get('date'), askedAt)
    return (await response.json()) as ResponseBody<Data>
  } finally {
    clearTimeout(timer)
  }
}

/** Not everybody comes back in the same moment. */
const delayWithJitter = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms * (1 + Math.random() / 2)))
