import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long an answer may wait to be read, once the system's own buffers are full. */
const WRITE_STALL_TIMEOUT_MS = 30_000
const CHECK_INTERVAL_MS = 3_000

/**
 * Cuts off who does not read what was asked for over HTTP, an event stream included: its bytes are held for it here.
 * One timer looks at all connections, so that no request pays for it. WebSockets have a bound of their own: socket.ts.
 */
export function disconnectSlowClients(server: Server): void {
  /** Since when each connection has had something to read, without a pause; undefined: it has read everything. */
  const behindSince = new Map<Duplex, number | undefined>()
  const forget = (socket: Duplex): boolean => behindSince.delete(socket)
  server.on('connection', (socket) => {
    behindSince.set(socket, undefined)
    socket.once('close', () => forget(socket))
  })
  server.on('upgrade', (_, socket) => forget(socket))

  const look = (): void => {
    const now = performance.now()
    for (const [socket, since = now] of behindSince) {
      const isBehind = socket.writableLength > 0
      behindSince.set(socket, isBehind ? since : undefined)
      if (isBehind && now - since >= WRITE_STALL_TIMEOUT_MS) socket.destroy()
    }
  }
  const timer = setInterval(look, CHECK_INTERVAL_MS).unref()
  server.once('close', () => clearInterval(timer))
}
