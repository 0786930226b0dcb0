/** Subscriptions: over the client's WebSocket, and over server-sent events where WebSockets do not get through. */
import { createClient as createSseClient } from 'graphql-sse'
import { CloseCode, type Sink } from 'graphql-ws'
import { backoffMs } from './backoff.ts'
import { ApiError, apiErrorFrom, isRetryable, networkErrorFrom, type ResponseError } from './errors.ts'
import { headersOf, type Credentials } from './http.ts'
import { openSocket, type SocketOptions } from './socket.ts'

/** After a server was busy, or closed the socket for a reason of its own, the wait is as after so many failures. */
const BUSY_ATTEMPTS = 3

export interface Handlers<Data> {
  onNext: (data: Data) => void
  /** The server has ended the stream, or the client was closed. */
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
  /** What completes each subscription that has not ended. */
  const active = new Set<() => void>()
  /** Without a subscription the socket closes, which is no loss of the connection. */
  const onLost = (): void => onConnection(active.size === 0)
  const socket = openSocket({ ...options, onOpen: (open) => (open ? onConnection(true) : onLost()) })
  const usesServerSentEvents = (): boolean =>
    transport === 'sse' || (transport === 'auto' && socket.isBlocked())

  return {
    usesServerSentEvents,
    close: () => {
      for (const complete of [...active]) complete()
      socket.close()
      return Promise.resolve()
    },
    subscribe: (text, variables, credentials, { onNext, onComplete, onError }) => {
      const headers = headersOf(credentials)
      const payload = { query: text, variables: variables as Record<string, unknown> }
      const stopping = new AbortController()
      let stopStream: () => void = () => undefined
      let attempts = BUSY_ATTEMPTS
      const end = (): void => {
        active.delete(complete)
        stopStream()
        stopping.abort()
      }
      const complete = (): void => {
        end()
        onComplete?.()
      }
      const isActive = (): boolean => active.has(complete)
      active.add(complete)

      const overSocket = (sink: ResultSink) =>
        socket.client.subscribe({ ...payload, extensions: { headers } }, sink)
      const overEvents = (sink: ResultSink) =>
        createSseClient({
          url,
          headers,
          retryAttempts: reconnect ? Infinity : 0,
          retry: (attempt) => sleep(backoffMs(attempt, random), stopping.signal),
          on: { connected: () => onConnection(true), connecting: (again) => again && onLost() },
        }).subscribe(payload, sink)

      const begin = (): void => {
        if (!isActive()) return
        const sse = usesServerSentEvents()
        // A stream that has failed may still deliver, and completes; that is not the end of the subscription.
        let failed = false
        const fail = (error: ApiError): void => {
          if (failed || !isActive()) return
          failed = true
          if (!reconnect || !isRetryable(error.code)) {
            end()
            onError?.(error)
            return
          }
          stopStream()
          onRetry(error.code)
          if (usesServerSentEvents() === sse) {
            void sleep(backoffMs(attempts++, random), stopping.signal).then(begin)
          } else begin()
        }
        stopStream = (sse ? overEvents : overSocket)({
          next: ({ data, errors }) => {
            if (failed || !isActive()) return
            if (errors) fail(apiErrorFrom(errors as ResponseError[]))
            else if (data) {
              attempts = BUSY_ATTEMPTS
              onNext(data as never)
            }
          },
          error: (error) => fail(Array.isArray(error) ? apiErrorFrom(error) : closeErrorFrom(error)),
          complete: () => {
            if (!failed && isActive()) complete()
          },
        })
      }
      begin()
      return end
    },
  }
}

/** A close event has a code of WebSocket, and a reason. */
function closeErrorFrom(error: unknown): ApiError {
  const { code, reason } = (error ?? {}) as { code?: unknown; reason?: string }
  if (code === CloseCode.Forbidden) return new ApiError(reason ?? '', 'UNAUTHENTICATED')
  return typeof code === 'number' ? new ApiError(reason ?? '', `NETWORK ${code}`) : networkErrorFrom(error)
}
