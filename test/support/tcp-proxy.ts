/** A TCP proxy in front of a service, for tests of network failures. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  /** The URL of the service through the proxy. */
  url: string
  /** Closes every connection, and refuses new ones. */
  cut(): void
  /** Accepts everything and passes nothing on, as when a machine has lost its network. */
  blackhole(): void
  /**
   * Holds back what is sent to the service, from the chunk with the `nth` occurrence of `text` on, until `release`.
   * Resolves when that chunk has arrived.
   */
  hold(text: string, nth?: number): Promise<void>
  /** Passes on, in order, what `hold` holds back. */
  release(): void
  /** Ends the failure; data that was not passed on stays lost. */
  restore(): void
  /** Sends new connections there; open ones stay. */
  setTarget(target: string): void
  /**
   * After a request with this text, its connection gets no replies, and is not closed when the service closes it; `cut`
   * still works. Resolves at that request.
   */
  withholdReplies(text: string): Promise<void>
  close(): void
}

/** @param target the URL of the service: `postgres://…`, `redis://…` */
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
