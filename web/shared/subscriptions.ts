/** Subscriptions: over one WebSocket, and over server-sent events where WebSockets do not get through. */
import { print } from '@0no-co/graphql.web'
import type { Sink } from 'graphql-ws'
import { createClient as createEventClient } from 'graphql-sse'
import type { TadaDocumentNode } from './graphql.ts'
import { RETRYABLE_CODES, type Credentials } from './http.ts'
import { backoff } from './backoff.ts'
import { openSocket } from './socket.ts'

/** A server that is busy, or closed the socket for a reason of its own, is left alone as after so many failures. */
const BUSY_ATTEMPTS = 3

export interface Subscriptions {
  /** Do the streams come as server-sent events? Then nothing but a request tells the server that the page still runs. */
  usesServerSentEvents: () => boolean
  /**
   * Calls `onValue` with each value until it is stopped, until the server ends the stream (`onEnd`), or until it says that
   * asking again would not help (`onRefused`, with the code of the error). Whatever else happens, it begins again.
   */
  subscribe<Data, Variables>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
    credentials: Credentials,
    handlers: { onValue: (data: Data) => void; onEnd: () => void; onRefused?: (code: string) => void },
  ): () => void
}

/** @param onConnected is told when the connection comes and goes */
export function createSubscriptions(onConnected: (connected: boolean) => void): Subscriptions {
  /** Without any, the socket closes, and nobody misses it. */
  let listening = 0
  const lost = (): void => onConnected(listening === 0)
  const socket = openSocket((open) => (open ? onConnected(true) : lost()))

  return {
    usesServerSentEvents: socket.isBlocked,
    subscribe: (document, variables, { accessToken, queueToken }, { onValue, onEnd, onRefused }) => {
      const headers = {
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
        ...(queueToken === undefined ? {} : { 'x-queue-token': queueToken }),
      }
      const payload = { query: print(document), variables: variables as Record<string, unknown> }
      let stopped = false
      let stop: () => void = () => undefined
      let attempts = BUSY_ATTEMPTS
      listening += 1
      const end = (): void => {
        if (!stopped) listening -= 1
        stopped = true
      }

      const overSocket = (sink: ResultSink) =>
        socket.client.subscribe({ ...payload, extensions: { headers } }, sink)
      const overEvents = (sink: ResultSink) =>
        createEventClient({
          url: '/graphql',
          headers,
          retryAttempts: Infinity,
          retry: backoff,
          on: { connected: () => onConnected(true), connecting: (again) => again && lost() },
        }).subscribe(payload, sink)

      const begin = (): void => {
        if (stopped) return
        const blocked = socket.isBlocked()
        // An attempt that has failed still completes; that is not the end of the stream.
        let failed = false
        const fail = (code: string | undefined): void => {
          if (stopped || failed) return
          failed = true
          if (code !== undefined && !RETRYABLE_CODES.has(code)) {
            end()
            onRefused?.(code)
          } else if (socket.isBlocked() !== blocked) begin()
          else void backoff(attempts++).then(begin)
        }
        stop = (blocked ? overEvents : overSocket)({
          next: ({ data, errors }) => {
            if (errors) fail(codeOf(errors) ?? 'INTERNAL')
            else if (data && !stopped) {
              attempts = BUSY_ATTEMPTS
              onValue(data as never)
            }
          },
          error: (error) => fail(codeOf(error)),
          complete: () => {
            if (stopped || failed) return
            end()
            onEnd()
          },
        })
      }
      begin()
      return () => {
        end()
        stop()
      }
    },
  }
}

type ResultSink = Sink<{ data?: unknown; errors?: unknown }>

/** The code of the first error; undefined: it is not the server that says so. */
const codeOf = (errors: unknown): string | undefined =>
  Array.isArray(errors)
    ? ((errors as { extensions?: { code?: string } }[])[0]?.extensions?.code ?? 'INTERNAL')
    : undefined
