import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** A free port on 127.0.0.1, or `wanted` if that is free. @throws when it is taken */
export async function freePort(wanted = 0, host = '127.0.0.1'): Promise<number> {
  const server = createServer()
  server.listen(wanted, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
