/** Subscriptions: over the client's WebSocket, and over server-sent events where WebSockets do not get through. */
import { createClient as createSseClient } from 'graphql-sse'
import type { Sink } from 'graphql-ws'
import { backoffMs } from './backoff.ts'
import { ApiError, apiErrorFrom, isRetryable, networkErrorFrom, type ResponseError } from './errors.ts'
import { headersOf, type Credentials } from './http.ts'
import { openSocket, type SocketOptions } from './socket.ts'

/** After a server was busy, or closed the socket for a reason of its own, the wait is as after so many failures. */
const BUSY_ATTEMPTS = 3

export interface Handlers<Data> {
  onNext: (data: Data) => void
  /** The server has ended the stream. */
  onComplete?: () => void
  /** Subscribing again would not help, or is turned off. Nothing comes after it. */
  onError?: (error: ApiError) => void
}

export interface SubscriptionOptions extends Omit<SocketOptions, 'onOpen'> {
  transport: 'auto' | 'websocket' | 'sse'
  onConnection: (connected: boolean) => void
  onRetry: (code: string) => void
}

export interface Subscriptions {
  usesServerSentEvents: () => boolean
  /** @returns what ends the subscription */
  subscribe: <Data>(
    text: string,
    variables: unknown,
    credentials: Credentials,
    handlers: Handlers<Data>,
  ) => () => void
  close: () => Promise<void>
}

type ResultSink = Sink<{ data?: unknown; errors?: unknown }>

export function createSubscriptions(options: SubscriptionOptions): Subscriptions {
  const { url, transport, reconnect, onConnection, onRetry, sleep, random } = options
  /** Without a subscription the socket closes, which is no loss of the connection. */
  let active = 0
  const onLost = (): void => onConnection(active === 0)
  const socket = openSocket({ ...options, onOpen: (open) => (open ? onConnection(true) : onLost()) })
  const usesServerSentEvents = (): boolean =>
    transport === 'sse' || (transport === 'auto' && socket.isBlocked())

  return {
    usesServerSentEvents,
    close: async () => {
      await socket.client.dispose()
    },
    subscribe: (text, variables, credentials, { onNext, onComplete, onError }) => {
      const headers = headersOf(credentials)
      const payload = { query: text, variables: variables as Record<string, unknown> }
      let stopped = false
      let stopStream: () => void = () => undefined
      let attempts = BUSY_ATTEMPTS
      active += 1
      const end = (): void => {
        if (!stopped) active -= 1
        stopped = true
      }

      const overSocket = (sink: ResultSink) =>
        socket.client.subscribe({ ...payload, extensions: { headers } }, sink)
      const overEvents = (sink: ResultSink) =>
        createSseClient({
          url,
          headers,
          retryAttempts: reconnect ? Infinity : 0,
          retry: (attempt) => sleep(backoffMs(attempt, random)),
          on: { connected: () => onConnection(true), connecting: (again) => again && onLost() },
        }).subscribe(payload, sink)

      const begin = (): void => {
        if (stopped) return
        const sse = usesServerSentEvents()
        // A stream that has failed still completes; that is not the end of the subscription.
        let failed = false
        const fail = (error: ApiError): void => {
          if (stopped || failed) return
          failed = true
          if (!reconnect || !isRetryable(error.code)) {
            end()
            onError?.(error)
            return
          }
          onRetry(error.code)
          if (usesServerSentEvents() === sse) void sleep(backoffMs(attempts++, random)).then(begin)
          else begin()
        }
        stopStream = (sse ? overEvents : overSocket)({
          next: ({ data, errors }) => {
            if (stopped) return
            if (errors) fail(apiErrorFrom(errors as ResponseError[]))
            else if (data) {
              attempts = BUSY_ATTEMPTS
              onNext(data as never)
            }
          },
          error: (error) => fail(Array.isArray(error) ? apiErrorFrom(error) : closeErrorFrom(error)),
          complete: () => {
            if (stopped || failed) return
            end()
            onComplete?.()
          },
        })
      }
      begin()
      return () => {
        end()
        stopStream()
      }
    },
  }
}

/** A close event has a code of WebSocket, and a reason. */
function closeErrorFrom(error: unknown): ApiError {
  const { code, reason } = (error ?? {}) as { code?: unknown; reason?: string }
  return typeof code === 'number' ? new ApiError(reason ?? '', `NETWORK ${code}`) : networkErrorFrom(error)
}
