/** How a server leaves a load balancer without failing a request. */
import type { Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as afterPoll, setTimeout as sleep } from 'node:timers/promises'
import type { SocketServer } from './websocket/server.ts'

/** WebSockets are closed over this time, so that not all subscribers connect to the other instances in the same moment. */
const CLOSE_SOCKETS_OVER_MS = 2_000
/** How long open connections may bring one more request after the listener is closed. */
const LAST_REQUESTS_MS = 500
/** The longest that a request takes which is not a stream: see the deadlines in services.ts. */
const FINISH_REQUESTS_MS = 5_000

export interface Shutdown {
  /** True from the call of `run` on. */
  isDraining: () => boolean
  /**
   * 1. Drains for `drainMs`: `/ready` answers 503, and everything is served as before, new connections included, while
   *    load balancers take this server out. Every answer says `Connection: close`, so that no connection is idle at
   *    the end of it that a load balancer still uses.
   * 2. Closes the listener: new connections are refused, and the load balancer tries another server.
   * 3. Closes the WebSockets with 1012, spread out. Connections that are still open may bring one more request; a
   *    WebSocket handshake is answered with 503.
   * 4. Waits for the requests under way, and then ends what is left: event streams, whose clients reconnect elsewhere.
   */
  run: () => Promise<void>
  /** Ends the drain early. */
  endDrain: () => void
}

/** @param sockets the WebSockets of the server */
export function createShutdown(server: Server, sockets: SocketServer, drainMs: number): Shutdown {
  const draining = new AbortController()
  const open = new Set<Socket>()
  let isDraining = false
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  const closeListener = async (): Promise<void> => {
    // Node takes on every connection that waits each time it polls. Right after that none waits that would be reset.
    await afterPoll()
    // Not the HTTP server's own close: that cuts idle connections, on which the next request may be under way.
    NetServer.prototype.close.call(server)
  }

  return {
    isDraining: () => isDraining,
    endDrain: () => draining.abort(),
    run: async () => {
      isDraining = true
      server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
      await sleep(drainMs, undefined, { signal: draining.signal }).catch(() => undefined)

      const closed = server.listening ? new Promise((resolve) => server.once('close', resolve)) : null
      await closeListener()
      await Promise.all([
        sockets.close(CLOSE_SOCKETS_OVER_MS),
        Promise.race([closed, sleep(LAST_REQUESTS_MS)]),
      ])
      server.closeIdleConnections()
      await Promise.race([closed, sleep(FINISH_REQUESTS_MS)])
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
