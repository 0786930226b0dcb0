/** The one WebSocket of a client: opened when something is subscribed to, and opened again when it is lost. */
import { CloseCode, createClient, type Client } from 'graphql-ws'
import { backoffMs, type Timing } from './backoff.ts'
import { headersOf, type Credentials } from './http.ts'

/** Failed attempts in a row, with none before that worked, after which WebSockets count as blocked. */
const FAILED_MAX = 2
/**
 * How long a socket may take to be open and acknowledged. Some networks accept the handshake and never answer it: then
 * server-sent events are tried.
 */
const CONNECT_MS_MAX = 5_000
/** The same for a network where a socket was open before: the server may only have been slow once. */
const UNANSWERED_MAX = 2
/** A connection that is lost without a close frame is found by a ping, within half a minute. */
const HEARTBEAT: Heartbeat = { pingMs: 18_000, pongMs: 6_000 }

export interface Heartbeat {
  /** How often a ping is sent. */
  pingMs: number
  /** How long its pong may take. */
  pongMs: number
}

export interface SocketOptions extends Timing {
  /** Of the GraphQL endpoint: http or https. */
  url: string
  /** Sent with connection_init. */
  credentials: Credentials
  webSocketImpl: unknown
  reconnect: boolean
  heartbeat?: Heartbeat | undefined
  /** Called when the socket is open, and when it no longer is. */
  onOpen: (open: boolean) => void
}

export interface Socket {
  client: Client
  /** Closes the socket, which no longer opens. Its subscriptions have to be stopped before. */
  close: () => void
  /**
   * Whether WebSockets do not get through. Where one was open before, a refused one means that the server is away; one
   * that is not answered may mean that the network is another one now.
   */
  isBlocked: () => boolean
}

export function openSocket(options: SocketOptions): Socket {
  const { url, credentials, webSocketImpl, reconnect, onOpen, sleep, random } = options
  const { pingMs, pongMs } = options.heartbeat ?? HEARTBEAT
  let failed = 0
  let unanswered = 0
  let wasOpen = false
  let pongTimer: ReturnType<typeof setTimeout> | undefined
  let connectTimer: ReturnType<typeof setTimeout> | undefined
  const closing = new AbortController()
  const stopConnectTimer = (): void => {
    clearTimeout(connectTimer)
    connectTimer = undefined
  }
  const isBlocked = (): boolean =>
    wasOpen ? unanswered >= UNANSWERED_MAX : failed >= FAILED_MAX || unanswered > 0

  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl,
    connectionParams: headersOf(credentials),
    retryAttempts: reconnect ? Infinity : 0,
    // The access token of connection_init stays the same: the next socket would be closed for it too.
    shouldRetry: (event) => !isForbidden(event) && !isBlocked(),
    retryWait: (attempt) => sleep(backoffMs(attempt, random), closing.signal),
    keepAlive: pingMs,
    on: {
      connecting: () => {
        stopConnectTimer()
        connectTimer = setTimeout(() => {
          unanswered += 1
          client.terminate()
        }, CONNECT_MS_MAX)
      },
      connected: () => {
        stopConnectTimer()
        unanswered = 0
        wasOpen = true
        onOpen(true)
      },
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => client.terminate(), pongMs)
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer)
      },
      closed: () => {
        clearTimeout(pongTimer)
        stopConnectTimer()
        failed += 1
        onOpen(false)
      },
    },
  })
  return {
    client,
    isBlocked,
    close: () => {
      // It waits for a socket that is being opened, and rejects when that fails.
      Promise.resolve(client.dispose()).catch(() => undefined)
      closing.abort()
      if (connectTimer !== undefined) client.terminate()
    },
  }
}

const isForbidden = (event: unknown): boolean =>
  (event as { code?: unknown } | null)?.code === CloseCode.Forbidden
