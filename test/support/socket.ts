/** graphql-transport-ws over a bare WebSocket, for what a correct client never does. */
import { WebSocket, type RawData } from 'ws'
import type { GraphQLResponse, Credentials } from './client.ts'

export interface Message {
  type: string
  id?: string
  payload?: unknown
}

export interface Socket {
  send(message: object | string): void
  /** The next message; messages queue up. Rejects when the socket closes instead. */
  next(): Promise<Message>

  closed: Promise<{ code: number; reason: string }>
  /** Drops the connection without a close frame. */
  drop(): void
}

interface Options {
  /** null: none. */
  protocol?: string | null
  /** The payload of connection_init; null: it is not sent. */
  init?: object | null
  /** Of the handshake: `origin`, say. */
  headers?: Record<string, string>
  /** False: pings are not answered. */
  autoPong?: boolean
  /** True: only WebSocket pings are answered, not those of the protocol, as by a page that the browser has frozen. */
  frozen?: boolean
}

/** Opens a socket and, by default, waits for connection_ack. */
export async function openSocket(
  url: string,
  { protocol, init = {}, ...more }: Options = {},
): Promise<Socket> {
  const protocols = protocol === null ? [] : [protocol ?? 'graphql-transport-ws']
  const raw = new WebSocket(url.replace('http', 'ws'), protocols, more)
  const arrived: Message[] = []
  const awaited: { resolve: (message: Message) => void; reject: (error: Error) => void }[] = []
  let over: Error | undefined

  raw.on('message', (data: RawData) => {
    const message = JSON.parse((data as Buffer).toString()) as Message
    if (message.type === 'ping') {
      if (more.autoPong !== false && more.frozen !== true) raw.send('{"type":"pong"}')
      return
    }
    const waiting = awaited.shift()
    if (waiting) waiting.resolve(message)
    else arrived.push(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    raw.on('close', (code, reason) => {
      over = new Error(`closed with ${code} ${reason.toString()}`)
      awaited.splice(0).forEach(({ reject }) => reject(over as Error))
      resolve({ code, reason: reason.toString() })
    })
  })
  await new Promise((resolve, reject) => raw.once('open', resolve).once('error', reject))

  const socket: Socket = {
    send: (message) => raw.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () => {
      const message = arrived.shift()
      if (message) return Promise.resolve(message)
      if (over) return Promise.reject(over)
      return new Promise((resolve, reject) => awaited.push({ resolve, reject }))
    },
    closed,
    drop: () => raw.terminate(),
  }
  if (init) {
    socket.send({ type: 'connection_init', payload: init })
    await socket.next()
  }
  return socket
}

/** Sends one operation over a new socket. @returns the response, as over HTTP */
export async function sendOverSocket<Data = Record<string, never>>(
  url: string,
  query: string,
  variables: object = {},
  { accessToken, queueToken }: Credentials = {},
  /** Besides, in the payload: `operationName`, say. */
  more: object = {},
): Promise<Omit<GraphQLResponse<Data>, 'status'>> {
  // With the operation: a connection_init with a bad access token is rejected as a whole.
  const headers = {
    ...(accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` }),
    ...(queueToken === undefined ? {} : { 'X-Queue-Token': queueToken }),
  }
  const socket = await openSocket(url)
  const operation = { query, variables, extensions: { headers }, ...more }
  socket.send({ type: 'subscribe', id: 'one', payload: operation })
  const { type, payload } = await socket.next()
  socket.drop()
  return (type === 'error' ? { errors: payload } : payload) as never
}
