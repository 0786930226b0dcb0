/** The GraphQL client of the pages, the load test, the benchmarks, the tests and the fault runs. */
import { sleep, type Timing } from './backoff.ts'
import type { TypedDocument } from './graphql.ts'
import {
  request,
  send,
  textOf,
  type Credentials,
  type Fetch,
  type GraphQLResponse,
  type ResponseInfo,
} from './http.ts'
import type { Heartbeat } from './socket.ts'
import { createSubscriptions, type Handlers } from './subscriptions.ts'

export { ApiError } from './errors.ts'
export type { Credentials, GraphQLResponse, ResponseInfo } from './http.ts'

export interface ClientOptions {
  /** Of the GraphQL endpoint, absolute. */
  url: string
  /**
   * For every operation that brings none of its own, and for connection_init of the WebSocket. When this access token expires,
   * every subscription over the WebSocket fails with UNAUTHENTICATED.
   */
  credentials?: Credentials
  /** False: an operation is sent once, and a subscription that is lost has failed. */
  retry?: boolean
  /** Attempts of `request`, the first one included. */
  attemptsMax?: number
  timeoutMs?: number
  /** Of subscriptions. `auto`: a WebSocket, and server-sent events where none gets through. */
  transport?: 'auto' | 'websocket' | 'sse'
  /** Of the WebSocket; by default a ping every 18 s, and 6 s for its pong. */
  heartbeat?: Heartbeat
  fetch?: Fetch
  /** Where there is none in `globalThis`: see node.ts. */
  webSocketImpl?: unknown
  sleep?: Timing['sleep']
  random?: () => number
  /** Called when the connection of the subscriptions is there, and when it is lost. */
  onConnection?: (connected: boolean) => void
  /** Called for every HTTP response. */
  onResponse?: (info: ResponseInfo) => void
  /** Called before an attempt is repeated, with the code of its error: the server's, or `NETWORK …`. */
  onRetry?: (code: string) => void
}

type Document<Data, Variables> = TypedDocument<Data, Variables> | string

export interface Client {
  /** Sends an operation once. @throws ApiError NETWORK … when no GraphQL response came back */
  send<Data, Variables = object>(
    document: Document<Data, Variables>,
    variables: Variables,
    credentials?: Credentials,
  ): Promise<GraphQLResponse<Data>>
  /** Sends an operation, again while that may help. @throws ApiError */
  request<Data, Variables = object>(
    document: Document<Data, Variables>,
    variables: Variables,
    credentials?: Credentials,
  ): Promise<Data>
  /**
   * Calls `onNext` with each value, whatever happens to the connection, until the subscription is stopped, the server ends it
   * (`onComplete`), or its error says that subscribing again would not help (`onError`).
   * @returns what stops it
   */
  subscribe<Data, Variables = object>(
    document: Document<Data, Variables>,
    variables: Variables,
    handlers: Handlers<Data>,
    credentials?: Credentials,
  ): () => void
  /** Whether subscriptions use server-sent events. Then only requests tell the server that this client still runs. */
  usesServerSentEvents(): boolean
  /** Ends every subscription (`onComplete`), and closes the connections. Never rejects, and waits for no network. */
  close(): Promise<void>
}

const TIMEOUT_MS = 10_000
const ATTEMPTS_MAX = 8

export function createClient(given: ClientOptions): Client {
  const { retry = true, attemptsMax = ATTEMPTS_MAX, credentials: own = {} } = given
  const options = {
    url: given.url,
    fetch: given.fetch ?? ((url, init) => fetch(url, init)),
    timeoutMs: given.timeoutMs ?? TIMEOUT_MS,
    attemptsMax: retry ? attemptsMax : 1,
    sleep: given.sleep ?? sleep,
    random: given.random ?? Math.random,
    onResponse: given.onResponse ?? (() => undefined),
    onRetry: given.onRetry ?? (() => undefined),
  }
  const subscriptions = createSubscriptions({
    ...options,
    credentials: own,
    webSocketImpl: given.webSocketImpl,
    heartbeat: given.heartbeat,
    transport: given.transport ?? 'auto',
    reconnect: retry,
    onConnection: given.onConnection ?? (() => undefined),
  })
  const shown = (credentials: Credentials | undefined): Credentials => ({ ...own, ...credentials })
  return {
    send: (document, variables, credentials) =>
      send(options, textOf(document as never), variables, shown(credentials)),
    request: (document, variables, credentials) =>
      request(options, textOf(document as never), variables, shown(credentials)),
    subscribe: (document, variables, handlers, credentials) =>
      subscriptions.subscribe(textOf(document as never), variables, shown(credentials), handlers),
    usesServerSentEvents: subscriptions.usesServerSentEvents,
    close: subscriptions.close,
  }
}
