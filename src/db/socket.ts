/** The TCP sockets of a pool, with a timeout for silent peers. */
import { connect, type Socket } from 'node:net'

/** As postgres.js passes it: several hosts, or the path of a local socket. */
interface Address {
  host: string[]
  port: number[]
  path: string | false
}

/** The sockets of a pool. */
export interface Sockets {
  make: (address: Address) => Socket
  /** The number of open sockets. */
  count: () => number
}

/**
 * Creates the sockets of a pool. A socket that has received nothing for `silentMsMax` is destroyed: the peer has vanished, and TCP
 * alone would wait for a quarter of an hour.
 * @param silentMsMax longer than a statement may run, and than an idle connection stays open
 */
export function createSockets(silentMsMax: number): Sockets {
  let attempts = 0
  let count = 0
  const make: Sockets['make'] = ({ host, port, path }) => {
    const index = attempts++ % host.length
    const at = { host: host[index] ?? 'localhost', port: port[index] ?? 5432 }
    const socket = path === false ? connect(at) : connect(path)
    count += 1
    socket.once('close', () => (count -= 1))
    // Not socket.setTimeout, whose listener TLS removes. Two silent intervals, because this process may have been suspended.
    let bytesRead = -1
    let silentIntervals = 0
    const timer = setInterval(() => {
      silentIntervals = socket.bytesRead === bytesRead ? silentIntervals + 1 : 0
      bytesRead = socket.bytesRead
      if (silentIntervals === 2) socket.destroy()
      if (socket.destroyed) clearInterval(timer)
    }, silentMsMax / 2).unref()
    // postgres.js reads the host name from the socket, for TLS.
    return Object.assign(socket, at)
  }
  return { make, count: () => count }
}
