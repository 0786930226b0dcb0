/** A light GraphQL client over keep-alive connections, which does what a good client does when it is told to wait. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { documents, type Operation } from './operations.ts'

/** Longer than any deadline of a server. */
const ANSWER_MS_MAX = 15_000
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
const ATTEMPTS_MAX = 30
const BACKOFF_MS = { first: 200, max: 5_000 }

/** Codes after which the same request may be sent again: with the same idempotency key nothing happens twice. */
const RETRYABLE = new Set(['RATE_LIMITED', 'OVERLOADED', 'INTERNAL'])

/** The answer was an error that sending again does not mend, or did not come after many attempts. */
export class RequestFailed extends Error {
  readonly code: string
  constructor(operation: Operation, code: string) {
    super(`${operation}: ${code}`)
    this.code = code
  }
}

export interface Credentials {
  accessToken?: string | undefined
  queueToken?: string | undefined
  /** The source address; undefined: whichever the system takes. */
  localAddress?: string | undefined
}

export interface ApiClient {
  /**
   * Sends an operation until it is answered, waiting as long as the server says, or longer and longer.
   * @returns what the operation's field said
   * @throws Failed; the signal's reason when it is aborted
   */
  request<Answer>(operation: Operation, variables: object, credentials: Credentials): Promise<Answer>
  close(): void
}

export interface ApiClientOptions {
  /** Of the GraphQL endpoint. */
  url: URL
  /** Connections at the same time, from each source address. */
  connectionsMax: number
  signal: AbortSignal
  random: () => number
  /** Hears of every answer, in milliseconds, and of every error, by its code. */
  onResponse: (operation: Operation, ms: number) => void
  onError: (code: string) => void
}

interface Body {
  data?: Record<string, unknown> | null
  errors?: { extensions?: { code?: string; retryAfterSeconds?: number } }[]
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { url, connectionsMax, signal, random, onResponse: onAnswer, onError } = options
  const secure = url.protocol === 'https:'
  const request = secure ? httpsRequest : httpRequest
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: connectionsMax })

  function post(body: string, { accessToken, queueToken, localAddress }: Credentials): Promise<Body> {
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        {
          method: 'POST',
          agent,
          timeout: ANSWER_MS_MAX,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
            ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
          },
          ...(localAddress === undefined ? {} : { localAddress }),
        },
        (response) => {
          read(response).then(resolve, reject)
        },
      )
      sent.on('timeout', () => sent.destroy(new Error('TIMEOUT')))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  return {
    request: async <Answer>(operation: Operation, variables: object, credentials: Credentials) => {
      const body = JSON.stringify({ query: documents[operation], variables })
      for (let attempt = 1; ; attempt += 1) {
        signal.throwIfAborted()
        const began = performance.now()
        const { data, errors } = await post(body, credentials).catch(asError)
        const error = errors?.[0]
        if (!error) {
          onAnswer(operation, performance.now() - began)
          return data?.[operation] as Answer
        }
        const { code = 'NO_CODE', retryAfterSeconds } = error.extensions ?? {}
        onError(code)
        if ((!RETRYABLE.has(code) && !isNetworkError(code)) || attempt === ATTEMPTS_MAX) {
          throw new RequestFailed(operation, code)
        }
        const waitMs =
          retryAfterSeconds === undefined ? backoffMs(attempt, random) : retryAfterSeconds * 1_000
        // Everybody was told the same: not all come back in the same moment.
        await sleep(waitMs * (1 + random() / 2), undefined, { signal })
      }
    },
    close: () => agent.destroy(),
  }
}

/** Longer with every attempt, and different for everybody. */
export const backoffMs = (attempt: number, random: () => number): number =>
  Math.min(BACKOFF_MS.max, BACKOFF_MS.first * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2)

async function read(response: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error('TOO_LONG')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as Body
  } catch {
    throw new Error(`HTTP_${response.statusCode ?? 0}`)
  }
}

/** What went wrong on the way there or back, with a code like the server's own. */
function asError(error: unknown): Body {
  const { code, message } = error as NodeJS.ErrnoException
  return { errors: [{ extensions: { code: `NETWORK ${code ?? message}` } }] }
}

const isNetworkError = (code: string): boolean => code.startsWith('NETWORK ')
