/** A name server that resolves every name to the same IPv4 addresses, in rotation. RFC 1035. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

export interface NameServer {
  port: number
  stop: () => void
}

/** Over UDP and TCP: Caddy 2.6 asks over TCP alone. */
export async function startNameServer(addresses: readonly string[]): Promise<NameServer> {
  let turn = 0
  const answer = (query: Buffer): Buffer => {
    turn += 1
    // The question is a name, which ends with an empty label, then type and class.
    const end = query.indexOf(0, 12) + 5
    const isForIPv4 = query.readUInt16BE(end - 4) === 1
    const records = (isForIPv4 ? addresses : []).map((_, index) => {
      const ip = addresses[(turn + index) % addresses.length] ?? ''
      // A pointer to the name, type A, class IN, a time to live of 0, and four bytes.
      return Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...ip.split('.').map(Number)])
    })
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    return Buffer.concat([head, query.subarray(12, end), ...records])
  }
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    // A message is preceded by its length; a query arrives in one chunk.
    socket.on('data', (message: Buffer) => {
      const reply = answer(message.subarray(2))
      socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]))
    })
  }).listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4')
  udp.on('message', (query, from) => udp.send(answer(query), from.port, from.address))
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  return {
    port,
    stop: () => {
      tcp.close()
      udp.close()
    },
  }
}
