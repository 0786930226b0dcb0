import { createServer, IncomingMessage, type Server } from 'node:http'
import { disconnectSlowClients } from './slow-clients.ts'

/** How long a request may take to arrive, from its first byte: its head, all of it, and how often Node checks. */
const TIMEOUTS = { headersTimeout: 6_000, requestTimeout: 12_000, connectionsCheckingInterval: 2_000 }

/**
 * The server, not listening yet and without a handler.
 * @param keepAliveMs longer than a load balancer keeps an idle connection: it would send a request into one being closed
 */
export function createHttpServer(keepAliveMs: number): Server {
  const server = createServer({ ...TIMEOUTS, keepAliveTimeout: keepAliveMs, IncomingMessage: Request })
  disconnectSlowClients(server)
  return server
}

/**
 * Ignores an upgrade to anything but a WebSocket, as RFC 9110 (7.8) wants it: Java's HttpClient asks for h2c with every first
 * request. Node reads `upgrade` after the head, and hands every upgrade to the listener for WebSockets otherwise.
 */
class Request extends IncomingMessage {
  private isRequested: boolean | null | undefined

  get upgrade(): boolean {
    return (
      this.isRequested === true &&
      (this.method === 'CONNECT' || /^websocket$/i.test(this.headers.upgrade ?? ''))
    )
  }

  set upgrade(isRequested: boolean | null) {
    this.isRequested = isRequested
  }
}
