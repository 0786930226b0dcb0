/** A TCP proxy in front of a real service, for what happens when the way there is gone. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  /** The service's address, by this way. */
  url: string
  /** Breaks every connection, and takes no new ones. */
  cut(): void
  /** Everything is taken and nothing arrives, as when a machine is gone and nobody has noticed. */
  blackhole(): void
  /**
   * Keeps back what is sent to the service, from the chunk on in which `text` comes for the `nth` time, until `release`.
   * Resolves when that chunk has arrived.
   */
  hold(text: string, nth?: number): Promise<void>
  /** Sends on, in order, what `hold` has kept back. */
  release(): void
  /** As before; what was swallowed stays lost. */
  restore(): void
  /** New connections lead there; those that stand stay where they are. */
  setTarget(target: string): void
  /**
   * From the moment that a request with this text passes, its connection gets no answers any more, and does not notice
   * when the service closes it; it can still be cut. Resolves at that moment.
   */
  withholdReplies(text: string): Promise<void>
  close(): void
}

/** @param target the address of the service: `postgres://…`, `redis://…` */
export async function createTcpProxy(target: string): Promise<TcpProxy> {
  let service = new URL(target)
  const sockets = new Set<Socket>()
  let state: 'open' | 'cut' | 'swallowing' = 'open'
  let awaited: { text: string; passed: () => void } | undefined
  let gate: { opensFor: (chunk: Buffer) => boolean } | undefined
  let kept: (() => void)[] | undefined

  const keep = (socket: Socket, onClose: () => void): void => {
    sockets.add(socket)
    socket.on('error', onClose)
    socket.on('close', () => {
      sockets.delete(socket)
      onClose()
    })
  }
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy()
    if (state === 'swallowing') {
      keep(near, () => undefined)
      return
    }
    const far = connect(portOf(service), service.hostname)
    keep(near, () => far.destroy())
    let withheld = false
    keep(far, () => {
      if (!withheld) near.destroy()
    })
    far.pipe(near)
    near.on('data', (sent: Buffer) => {
      if (state === 'swallowing') return
      if (gate?.opensFor(sent) === false) kept ??= []
      if (kept) kept.push(() => far.write(sent))
      else far.write(sent)
      if (awaited === undefined || !sent.includes(awaited.text)) return
      withheld = true
      far.unpipe(near).resume()
      awaited.passed()
      awaited = undefined
    })
    near.on('end', () => far.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy())
  const cut = (): void => {
    state = 'cut'
    breakAll()
  }
  return {
    url: url.href,
    cut,
    blackhole: () => {
      state = 'swallowing'
      sockets.forEach((socket) => socket.unpipe().resume())
    },
    hold: (text, nth = 1) =>
      new Promise((resolve) => {
        let left = nth
        gate = {
          opensFor: (chunk) => {
            left -= chunk.toString('latin1').split(text).length - 1
            if (left <= 0) resolve()
            return left > 0
          },
        }
      }),
    release: () => {
      gate = undefined
      for (const send of kept ?? []) send()
      kept = undefined
    },
    restore: () => {
      if (state === 'swallowing') breakAll()
      state = 'open'
    },
    setTarget: (to) => {
      service = new URL(to)
    },
    withholdReplies: (text) =>
      new Promise((passed) => {
        awaited = { text, passed }
      }),
    close: () => {
      cut()
      server.close()
    },
  }
}

const portOf = ({ port, protocol }: URL): number =>
  Number(port || (protocol.startsWith('redis') ? 6379 : 5432))
