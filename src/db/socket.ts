/** The sockets under the pool: one whose other end has gone silent is given up. */
import { connect, type Socket } from 'node:net'

/** Where to, as postgres.js has it: several hosts, or the path of a local socket. */
interface Address {
  host: string[]
  port: number[]
  path: string | false
}

/** The sockets of a pool. */
export interface Sockets {
  make: (address: Address) => Socket
  /** How many are open. */
  count: () => number
}

/**
 * Makes the sockets of a pool. Each ends by itself when nothing has come through it for `silentMsMax`: the other
 * end is gone without a word then, and TCP alone would wait for it a quarter of an hour.
 * @param silentMsMax longer than PostgreSQL may work on a statement, and than the pool keeps idle connections
 */
export function createSockets(silentMsMax: number): Sockets {
  let turn = 0
  let count = 0
  const make: Sockets['make'] = ({ host, port, path }) => {
    const index = turn++ % host.length
    const at = { host: host[index] ?? 'localhost', port: port[index] ?? 5432 }
    const socket = path === false ? connect(at) : connect(path)
    count += 1
    socket.once('close', () => (count -= 1))
    // Not setTimeout: TLS takes a socket's listeners away. Two looks: this process may itself have been asleep.
    let heard = -1
    let silences = 0
    const beat = setInterval(() => {
      silences = socket.bytesRead === heard ? silences + 1 : 0
      heard = socket.bytesRead
      if (silences === 2) socket.destroy()
      if (socket.destroyed) clearInterval(beat)
    }, silentMsMax / 2).unref()
    // postgres.js has the name of the host from here.
    return Object.assign(socket, at)
  }
  return { make, count: () => count }
}
