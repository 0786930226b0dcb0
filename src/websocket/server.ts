/** GraphQL over WebSocket, on /graphql of the HTTP server: which handshakes are accepted, and how sockets are closed. */
import type { IncomingMessage, Server } from 'node:http'
import { handleProtocols } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { BODY_BYTES_MAX } from '../http/body.ts'
import { clientAddress } from '../http/client-address.ts'
import { attachConnection } from './attach-connection.ts'
import { CloseCode } from './close-codes.ts'
import { createConnectionLimits } from './connection-limits.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createMemoryBudget } from './memory-budget.ts'
import { createProtocol, type ProtocolOptions } from './protocol.ts'

/** How long a close waits for the other end to confirm it. */
const CLOSE_MS_MAX = 2_000
/** Headers of a handshake that is refused for now. */
const RETRY_AFTER = { 'retry-after': '10' }
/** Another server behind the load balancer accepts it. */
const RETRY_AT_ONCE = { 'retry-after': '1' }
/** Messages of operations that have not ended, of all sockets together: 50,000 subscribers have about 30 MB. */
const RUNNING_BYTES_MAX = 48 * 1024 * 1024

/** How many sockets one server accepts, and how many messages one socket may send. */
export interface SocketLimits {
  max: number
  perAddressMax: number
  perUserMax: number
  messagesPerMinute: number
}

export interface SocketServer {
  /** Open sockets. */
  count(): number
  /**
   * Closes every socket with 1012, spread over `overMs` so that clients do not reconnect all at once. From then on handshakes
   * are answered with 503: without a listener for them Node would leave them unanswered.
   */
  close(overMs: number): Promise<void>
}

export interface SocketServerOptions extends Omit<ProtocolOptions, 'users'> {
  server: Server
  limits: SocketLimits
  /** How long a client may be silent before it counts as absent. */
  graceMs: number
  trustedProxies: number
  /** Origins of pages that may connect, beside the server's own; null: all. */
  allowedOrigins: readonly string[] | null
}

export function serveWebSockets(options: SocketServerOptions): SocketServer {
  const { server, schema, operations, auth, onBug, limits, trustedProxies, allowedOrigins } = options
  const memory = createMemoryBudget(RUNNING_BYTES_MAX)
  const addresses = createConnectionLimits(limits.perAddressMax)
  const users = createConnectionLimits(limits.perUserMax)
  const heartbeat = createHeartbeat(options.graceMs)
  const protocol = createProtocol({ schema, operations, auth, users, onBug })
  let isClosing = false

  const sockets = new WebSocketServer({
    server,
    path: '/graphql',
    maxPayload: BODY_BYTES_MAX,
    handleProtocols,
    ...{ closeTimeout: CLOSE_MS_MAX }, // missing in @types/ws
    verifyClient: ({ req }, answer) => {
      if (isClosing) answer(false, 503, 'This server is stopping: connect again', RETRY_AT_ONCE)
      else if (!isOriginAllowed(req, allowedOrigins)) answer(false, 403, 'Not from this origin')
      else if (sockets.clients.size >= limits.max)
        answer(false, 503, 'This server has no room for more connections', RETRY_AFTER)
      else if (addresses.isFull(clientAddress(req, trustedProxies)))
        answer(false, 429, 'Too many connections', RETRY_AFTER)
      else answer(true)
    },
  })

  sockets.on('connection', (socket, request) => {
    const address = clientAddress(request, trustedProxies)
    addresses.add(address, socket)
    const connection = { socket, address, lastSeenAt: heartbeat.watch(socket), running: new Set<string>() }
    attachConnection(connection, protocol, { messagesPerMinute: limits.messagesPerMinute, memory, onBug })
  })

  return {
    count: () => sockets.clients.size,
    close: async (overMs) => {
      isClosing = true
      const open = [...sockets.clients]
      const pauseMs = open.length > 0 ? overMs / open.length : 0
      for (const [index, socket] of open.entries()) {
        const restart = (): void => socket.close(CloseCode.ServiceRestart, 'Restarting: connect again')
        setTimeout(restart, index * pauseMs)
      }
      await Promise.all(open.map((socket) => new Promise((closed) => socket.once('close', closed))))
    },
  }
}

/** Only browsers send an Origin (RFC 6454), and pages cannot forge it. */
function isOriginAllowed({ headers }: IncomingMessage, allowedOrigins: readonly string[] | null): boolean {
  const { origin, host } = headers
  if (allowedOrigins === null || origin === undefined || allowedOrigins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}
