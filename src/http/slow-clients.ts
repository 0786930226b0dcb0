import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** How long an answer may wait to be read, once the system's own buffers are full. */
const BEHIND_MS_MAX = 30_000
const LOOK_MS = 3_000

/**
 * Cuts off who does not read what was asked for over HTTP, an event stream included: its bytes are held for it here.
 * One timer looks at all connections, so that no request pays for it. WebSockets have a bound of their own: socket.ts.
 */
export function cutOffSlowReaders(server: Server): void {
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
      if (isBehind && now - since >= BEHIND_MS_MAX) socket.destroy()
    }
  }
  const timer = setInterval(look, LOOK_MS).unref()
  server.once('close', () => clearInterval(timer))
}
