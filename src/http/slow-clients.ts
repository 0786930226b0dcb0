import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long a response may wait to be read, once the system's own buffers are full. */
const WRITE_STALL_TIMEOUT_MS = 30_000
const CHECK_INTERVAL_MS = 3_000

/**
 * Disconnects clients that do not read their response or event stream, whose bytes are buffered here. One timer checks all
 * connections, so that requests cost nothing more. WebSockets have a limit of their own: websocket/attach-connection.ts.
 */
export function disconnectSlowClients(server: Server): void {
  /** Since when each connection has had unread bytes, without a pause; undefined: everything is read. */
  const stalledSince = new Map<Duplex, number | undefined>()
  const forget = (socket: Duplex): boolean => stalledSince.delete(socket)
  server.on('connection', (socket) => {
    stalledSince.set(socket, undefined)
    socket.once('close', () => forget(socket))
  })
  server.on('upgrade', (_, socket) => forget(socket))

  const check = (): void => {
    const now = performance.now()
    for (const [socket, since = now] of stalledSince) {
      const isStalled = socket.writableLength > 0
      stalledSince.set(socket, isStalled ? since : undefined)
      if (isStalled && now - since >= WRITE_STALL_TIMEOUT_MS) socket.destroy()
    }
  }
  const timer = setInterval(check, CHECK_INTERVAL_MS).unref()
  server.once('close', () => clearInterval(timer))
}
