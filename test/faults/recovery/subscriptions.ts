/** A subscriber to a queue ticket that can stop reading, and reports how its socket ended. */
import { subscribeRaw } from '../raw-subscription.ts'

export interface StatusSubscription {
  /** How many states arrived, and when the last one did. */
  readonly received: { count: number; at: number; last: unknown }
  /** Undefined: it is open. */
  closed(): { code: number; at: number } | undefined
  /** Resolves when it has ended. */
  ended: Promise<void>
  /** Stops reading, so that the server's messages pile up. */
  stopReading(): void
  drop(): void
}

/** Subscribes, and resolves with the first state. */
export async function openSubscription(
  url: string,
  accessToken: string,
  queueToken: string,
): Promise<StatusSubscription> {
  const received = { count: 0, at: 0, last: undefined as unknown }
  let closed: { code: number; at: number } | undefined
  let isFirst = (): void => undefined
  const first = new Promise<void>((resolve) => (isFirst = resolve))
  const socket = subscribeRaw(url, { accessToken, queueToken }, ({ type, payload }) => {
    if (type === 'ping') socket.send('{"type":"pong"}')
    if (type !== 'next') return
    received.count += 1
    received.at = performance.now()
    received.last = payload
    isFirst()
  })
  const ended = new Promise<void>((resolve) => {
    socket.on('close', (code) => {
      closed = { code, at: performance.now() }
      resolve()
    })
  })
  await Promise.race([first, ended])
  if (closed) throw new Error(`closed with ${closed.code} before the first state`)
  return {
    received,
    closed: () => closed,
    ended,
    stopReading: () => socket.pause(),
    drop: () => socket.terminate(),
  }
}
