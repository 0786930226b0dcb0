/** A subscriber to `queueStatus` over a bare WebSocket, which can stop reading, and says how it ended. */
import { WebSocket, type RawData } from 'ws'
import { statusSubscription } from '../operations.ts'

export interface StatusSubscription {
  /** How many states it was told, and when the last one came. */
  readonly received: { count: number; at: number; last: unknown }
  /** How it ended; undefined: it is open. */
  closed(): { code: number; at: number } | undefined
  /** Resolves when it has ended. */
  ended: Promise<void>
  /** Stops reading: what is sent stays on the way. */
  stopReading(): void
  drop(): void
}

/** Subscribes, and resolves with the first state. */
export async function openSubscription(
  url: string,
  accessToken: string,
  token: string,
): Promise<StatusSubscription> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const heard = { count: 0, at: 0, last: undefined as unknown }
  let closed: { code: number; at: number } | undefined
  const ended = new Promise<void>((resolve) => {
    socket.on('close', (code) => {
      closed = { code, at: performance.now() }
      resolve()
    })
  })
  socket.on('error', () => undefined)
  const send = (message: object): void => socket.send(JSON.stringify(message))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () =>
      send({
        type: 'connection_init',
        payload: { authorization: `Bearer ${accessToken}`, 'x-queue-token': token },
      }),
    )
    socket.once('close', (code) => reject(new Error(`closed with ${code} before the first state`)))
    socket.on('message', (data: RawData) => {
      const { type, payload } = JSON.parse((data as Buffer).toString()) as { type: string; payload?: unknown }
      if (type === 'ping') send({ type: 'pong' })
      if (type === 'connection_ack')
        send({ type: 'subscribe', id: 'one', payload: { query: statusSubscription } })
      if (type !== 'next') return
      heard.count += 1
      heard.at = performance.now()
      heard.last = payload
      resolve()
    })
  })
  return {
    received: heard,
    closed: () => closed,
    ended,
    stopReading: () => socket.pause(),
    drop: () => socket.terminate(),
  }
}
