/** The sockets under the pool: one whose other end has gone silent is given up. */
import { connect, type Socket } from 'node:net'

/** Where to, as postgres.js has it: several hosts, or the path of a local socket. */
interface Address {
  host: string[]
  port: number[]
  path: string | false
}

/**
 * Makes the sockets of a pool. Each ends by itself when nothing came through it for about `silentMsMax`: either
 * it is idle, or the other end is gone without a word, and TCP alone would wait for that a quarter of an hour.
 * @param silentMsMax longer than PostgreSQL may work on a statement
 */
export function createSockets(silentMsMax: number): (address: Address) => Socket {
  let turn = 0
  return ({ host, port, path }) => {
    const index = turn++ % host.length
    const at = { host: host[index] ?? 'localhost', port: port[index] ?? 5432 }
    const socket = path === false ? connect(at) : connect(path)
    // Not setTimeout: TLS takes a socket's listeners away.
    let heard = -1
    const beat = setInterval(() => {
      if (socket.bytesRead === heard) socket.destroy()
      if (socket.destroyed) clearInterval(beat)
      heard = socket.bytesRead
    }, silentMsMax).unref()
    // postgres.js has the name of the host from here.
    return Object.assign(socket, at)
  }
}
