/** A subscription to a queue ticket over a bare WebSocket, for clients that misbehave: no pings, no close, no reads. */
import { WebSocket } from 'ws'
import type { Credentials } from '../../client/client.ts'
import { headersOf } from '../../client/http.ts'
import { ticketSubscription } from './operations.ts'

export interface Message {
  type: string
  payload?: unknown
}

/** Opens the socket, and subscribes when the server has acknowledged it. @param onMessage is called for every message */
export function subscribeRaw(
  url: string,
  credentials: Credentials,
  onMessage: (message: Message) => void = () => undefined,
): WebSocket {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  const send = (message: object): void => socket.send(JSON.stringify(message))
  socket.on('error', () => undefined)
  socket.on('open', () => send({ type: 'connection_init', payload: headersOf(credentials) }))
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message
    if (message.type === 'connection_ack')
      send({ type: 'subscribe', id: 'one', payload: { query: ticketSubscription } })
    onMessage(message)
  })
  return socket
}
