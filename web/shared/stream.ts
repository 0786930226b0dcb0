/** Subscriptions: over one WebSocket, and over server-sent events where WebSockets do not get through. */
import { print } from '@0no-co/graphql.web'
import { createClient as createSocketClient, type Sink } from 'graphql-ws'
import { createClient as createEventClient } from 'graphql-sse'
import type { TadaDocumentNode } from './graphql.ts'
import { AGAIN, type Credentials } from './http.ts'

/** Sockets in a row that were never opened, before it goes on without. */
const FAILED_MAX = 2
const WAIT_MS_MAX = 8_000
/** A busy server is left alone for as long as after so many failed attempts. */
const BUSY_ATTEMPTS = 3

export interface Streams {
  /** Calls `onValue` with each value until it is stopped, or until the server ends the stream: `onEnd`. */
  subscribe<Data, Variables>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
    credentials: Credentials,
    handlers: { onValue: (data: Data) => void; onEnd: () => void; onRefused?: (code: string) => void },
  ): () => void
}

/** @param onConnected is told when the connection comes and goes */
export function createStreams(onConnected: (connected: boolean) => void): Streams {
  let failed = 0
  let open = false
  /** Without any, the socket closes, and nobody misses it. */
  let listening = 0

  const again = (attempts: number): Promise<void> =>
    new Promise((resolve) => {
      const ms = Math.min(WAIT_MS_MAX, 300 * 2 ** attempts) * (0.5 + Math.random() / 2)
      const timer = setTimeout(done, ms)
      // A network that is back is no reason to wait any longer.
      window.addEventListener('online', done, { once: true })
      function done(): void {
        clearTimeout(timer)
        window.removeEventListener('online', done)
        resolve()
      }
    })

  const socket = createSocketClient({
    url: new URL('/graphql', location.href).href.replace('http', 'ws'),
    retryAttempts: Infinity,
    shouldRetry: () => failed < FAILED_MAX,
    retryWait: again,
    on: {
      connected: () => {
        failed = 0
        open = true
        onConnected(true)
      },
      closed: () => {
        if (!open) failed += 1
        open = false
        onConnected(listening === 0)
      },
    },
  })

  return {
    subscribe: (document, variables, { accessToken, queueToken }, { onValue, onEnd, onRefused }) => {
      const headers = {
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
        ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
      }
      const payload = { query: print(document), variables: variables as Record<string, unknown> }
      let stopped = false
      let stop: () => void = () => undefined
      listening += 1
      const end = (): void => {
        if (!stopped) listening -= 1
        stopped = true
      }
      const refuse = (errors: unknown): boolean => {
        const [error] = (Array.isArray(errors) ? errors : []) as { extensions?: { code?: string } }[]
        if (!error || stopped) return false
        const { code = 'INTERNAL' } = error.extensions ?? {}
        if (AGAIN.has(code)) {
          void again(BUSY_ATTEMPTS).then(begin)
          return true
        }
        end()
        onRefused?.(code)
        return true
      }

      const sink = (onFailed: () => void): Sink<{ data?: unknown; errors?: unknown }> => ({
        next: ({ data, errors }) => {
          if (!refuse(errors) && data) onValue(data as never)
        },
        error: (error) => {
          if (!refuse(error)) onFailed()
        },
        complete: () => {
          if (stopped) return
          end()
          onEnd()
        },
      })
      const overEvents = (): void => {
        if (stopped) return
        const events = createEventClient({
          url: '/graphql',
          headers,
          retryAttempts: Infinity,
          retry: again,
          on: { connected: () => onConnected(true) },
        })
        stop = events.subscribe(payload, sink(onEnd))
      }
      const begin = (): void => {
        if (stopped) return
        stop = socket.subscribe(
          { ...payload, extensions: { headers } },
          sink(() => (failed >= FAILED_MAX ? overEvents() : onEnd())),
        )
      }
      begin()
      return () => {
        end()
        stop()
      }
    },
  }
}
