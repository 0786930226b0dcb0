import type { Socket } from 'node:net'
import type { Behaviour, Random } from './types.ts'

/** The most that is buffered: beyond it the sender has to wait, as on a real connection. */
const HELD_BYTES_MAX = 64 * 1024
/** How often a throttled link sends. */
const THROTTLE_INTERVAL_MS = 20

/** One direction of one connection. */
export interface Pipe {
  /** Call it when the behaviour has changed. */
  update(): void
  /** Whether it has lost data, so that nothing more is passed on. */
  readonly dead: boolean
  stop(): void
}

/**
 * Passes on what arrives at `from`, in order, with the present behaviour of the link. Buffers a bounded amount.
 * @param onPass is called just before each chunk is passed on; false: it is not passed on
 */
export function createPipe(options: {
  from: Socket
  to: Socket
  behaviour: () => Behaviour
  random: Random
  onPass: () => boolean
}): Pipe {
  const { from, to, behaviour, random, onPass } = options
  const held: { chunk: Buffer; due: number }[] = []
  let bytes = 0
  let timer: NodeJS.Timeout | undefined
  let blocked = false
  let ended = false
  let dead = false

  from.on('data', (chunk: Buffer) => {
    const { drop, delayMs, jitterMs } = behaviour()
    dead ||= drop
    if (dead) return
    const due = Math.max(held.at(-1)?.due ?? 0, performance.now() + delayMs + jitterMs * random.next())
    held.push({ chunk, due })
    bytes += chunk.length
    if (bytes > HELD_BYTES_MAX) from.pause()
    pass()
  })
  from.on('end', () => {
    ended = true
    pass()
  })
  to.on('drain', () => {
    blocked = false
    pass()
  })

  /** Passes on what is due, and sets a timer for the rest. */
  function pass(): void {
    clearTimeout(timer)
    timer = undefined
    while (!blocked && !behaviour().stall && !to.destroyed) {
      const [first] = held
      if (!first) break
      const wait = first.due - performance.now()
      if (wait > 0) {
        passLater(wait)
        return
      }
      if (!onPass()) return
      send(first)
      if (behaviour().bytesPerSecond > 0 && held.length > 0) {
        passLater(THROTTLE_INTERVAL_MS)
        return
      }
    }
    // A half-open connection is not closed either.
    if (ended && held.length === 0 && !dead && !behaviour().stall && !behaviour().drop) to.end()
  }

  function send(first: { chunk: Buffer; due: number }): void {
    const { bytesPerSecond } = behaviour()
    const allowed =
      bytesPerSecond > 0 ? Math.max(1, Math.floor((bytesPerSecond * THROTTLE_INTERVAL_MS) / 1000)) : Infinity
    const now = first.chunk.subarray(0, allowed)
    first.chunk = first.chunk.subarray(now.length)
    if (first.chunk.length === 0) held.shift()
    // A slow link is also slow to take the next chunk.
    else first.due = performance.now() + THROTTLE_INTERVAL_MS
    bytes -= now.length
    if (bytes <= HELD_BYTES_MAX / 2) from.resume()
    blocked = !to.write(now)
  }

  function passLater(ms: number): void {
    timer = setTimeout(pass, ms)
  }

  return {
    update: pass,
    get dead() {
      return dead
    },
    stop: () => clearTimeout(timer),
  }
}
