import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createPipe } from './pipe.ts'
import type { Behaviour, Link, Random } from './types.ts'

const GOOD: Behaviour = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: 0,
  stall: false,
  drop: false,
  refuse: false,
  cutReplies: 0,
}

/** How long one end of a half-open connection stays after the other has closed, so that none pile up. */
const HALF_OPEN_MS_MAX = 30_000

interface Connection {
  reset: () => void
  update: () => void
}

/** Starts a TCP proxy from one port of 127.0.0.1 to another, without faults. */
export async function createLink(options: {
  name: string
  port: number
  target: number
  random: Random
}): Promise<Link> {
  const { name, port, random } = options
  let { target } = options
  const connections = new Set<Connection>()
  let behaviour = GOOD

  // A side that has ended its own stream may still read.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const connection = join(near, far, { behaviour: () => behaviour, random, onClose: () => forget() })
    const forget = () => connections.delete(connection)
    connections.add(connection)
  })

  async function listen(): Promise<void> {
    if (server.listening) return
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  const set: Link['set'] = async (change) => {
    behaviour = { ...GOOD, ...change }
    connections.forEach((connection) => connection.update())
    if (behaviour.refuse) server.close()
    else await listen()
  }
  const cut = (): number => {
    const count = connections.size
    for (const connection of [...connections]) connection.reset()
    return count
  }

  await listen()
  return {
    name,
    port,
    set,
    restore: () => set({}),
    cut,
    connections: () => connections.size,
    setTarget: (moved) => (target = moved),
    close: async () => {
      cut()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

/** Connects two sockets. When one closes, so does the other, unless the connection is half-open. */
function join(
  near: Socket,
  far: Socket,
  { behaviour, random, onClose }: { behaviour: () => Behaviour; random: Random; onClose: () => void },
): Connection {
  // Whether the next byte from `far` begins a reply.
  let requested = false
  const requests = createPipe({
    from: near,
    to: far,
    behaviour,
    random,
    onPass: () => (requested = true),
  })
  const replies = createPipe({
    from: far,
    to: near,
    behaviour,
    random,
    onPass: () => {
      const isFirst = requested
      requested = false
      if (!isFirst || random.next() >= behaviour().cutReplies) return true
      reset()
      return false
    },
  })

  function reset(): void {
    near.resetAndDestroy()
    far.resetAndDestroy()
  }

  let broken = false
  let halfOpenTimer: NodeJS.Timeout | undefined
  const forwardReset = (): void => {
    const { drop, stall } = behaviour()
    if (broken && !drop && !stall && !requests.dead && !replies.dead) reset()
  }

  let closed = 0
  for (const socket of [near, far]) {
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', (hadError) => {
      broken ||= hadError
      halfOpenTimer ??= setTimeout(reset, HALF_OPEN_MS_MAX)
      forwardReset()
      if (++closed < 2) return
      clearTimeout(halfOpenTimer)
      requests.stop()
      replies.stop()
      onClose()
    })
  }
  return {
    reset,
    update: () => {
      forwardReset()
      requests.update()
      replies.update()
    },
  }
}
