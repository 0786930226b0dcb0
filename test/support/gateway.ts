/** The network between a browser and the servers: one address for whichever server is behind it. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface GatewayOptions {
  blockUpgrades?: boolean
  ignoreUpgrades?: boolean
}

export interface Gateway {
  origin: string
  /** How many WebSockets were requested. */
  upgrades: () => number
  /** Sends new connections to the server with this URL; undefined: refuses them. */
  setTarget: (url: string | undefined) => void
  /** Open connections stay open and pass nothing on, as when a phone loses its network. */
  blackhole: () => void
  stop: () => Promise<void>
}

/**
 * @param options.blockUpgrades closes a connection that requests a WebSocket, as some companies' networks do
 * @param options.ignoreUpgrades never responds to the request, as others do
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
        // The server soon closes a socket without pongs. The browser does not get that.
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
      for (const silenceOne of silence) silenceOne()
      silence.clear()
    },
    stop: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
