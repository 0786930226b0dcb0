/** The network between a browser and the servers: one address, whichever server is behind it. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface GatewayOptions {
  blockUpgrades?: boolean
  ignoreUpgrades?: boolean
}

export interface Gateway {
  origin: string
  /** How many WebSockets were asked for. */
  upgrades: () => number
  /** From now on it leads to the server with this URL; undefined: to nobody. */
  setTarget: (url: string | undefined) => void
  /** Whatever is open stays open and carries nothing any more, as when a phone leaves the room. */
  blackhole: () => void
  stop: () => Promise<void>
}

/**
 * @param options.blockUpgrades hangs up on whoever wants a WebSocket, as some companies' networks do
 * @param options.swallowUpgrades takes the request for one, and never answers it, as others do
 */
export async function openGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const open = new Set<Socket>()
  const silence = new Set<() => void>()
  let port: number | undefined
  let upgrades = 0
  const server = createServer((near) => {
    open.add(near)
    near.on('error', () => near.destroy())
    near.on('close', () => open.delete(near))
    near.once('data', (head) => {
      const isUpgrade = /^upgrade: websocket/im.test(head.toString('latin1'))
      if (isUpgrade) upgrades += 1
      if (port === undefined || (isUpgrade && options.blockUpgrades)) {
        near.destroy()
        return
      }
      if (isUpgrade && options.ignoreUpgrades) return
      const far = connect(port, '127.0.0.1')
      const hangUp = () => near.destroy()
      far.on('error', hangUp)
      far.on('close', hangUp)
      near.on('close', () => far.destroy())
      far.write(head)
      near.pipe(far).pipe(near)
      silence.add(() => {
        // The server soon gives up on a socket that does not answer. Nobody tells the browser.
        far.off('close', hangUp)
        near.unpipe(far).resume()
        far.unpipe(near).resume()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    upgrades: () => upgrades,
    setTarget: (url) => {
      port = url === undefined ? undefined : Number(new URL(url).port)
    },
    blackhole: () => {
      for (const fall of silence) fall()
      silence.clear()
    },
    stop: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
