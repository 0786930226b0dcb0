/**
 * Watches a ticket over one bare WebSocket: graphql-transport-ws by hand, because thousands of them have to be light.
 * Comes back by itself when the connection is lost, later and later, and each at a moment of its own.
 */
import { WebSocket } from 'ws'
import { backoffMs } from './client.ts'
import { statusSubscription, type Status } from './operations.ts'

/** The server pings every 14 seconds at the latest; who has not heard one for so long is not connected any more. */
const SILENT_MS_MAX = 30_000
const HANDSHAKE_MS_MAX = 15_000
/** What a server sends is a few hundred bytes. */
const MESSAGE_BYTES_MAX = 64 * 1024

export interface SubscriptionOptions {
  /** Of the GraphQL endpoint, http or https. */
  url: URL
  accessToken: string
  queueToken: string
  localAddress: string | undefined
  random: () => number
  onStatus: (status: Status) => void
  /** Hears why a connection was lost: a close code, a status of the handshake, or a code of an error. */
  onDisconnect: (code: string) => void
}

interface Message {
  type: string
  payload?: {
    data?: { queueStatus?: Status }
    errors?: { extensions?: { code?: string } }[]
  }
}

/** @returns what ends it */
export function subscribeToStatus(options: SubscriptionOptions): () => void {
  const { accessToken, queueToken, localAddress, random, onStatus, onDisconnect: onLost } = options
  const address = new URL(options.url)
  address.protocol = address.protocol.replace('http', 'ws')
  const hello = JSON.stringify({
    type: 'connection_init',
    payload: { authorization: `Bearer ${accessToken}`, 'x-queue-token': queueToken },
  })
  const subscribe = JSON.stringify({ type: 'subscribe', id: '1', payload: { query: statusSubscription } })
  let socket: WebSocket | undefined
  let again: NodeJS.Timeout | undefined
  let attempt = 0
  let over = false

  function connect(): void {
    const opened = new WebSocket(address, 'graphql-transport-ws', {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      handshakeTimeout: HANDSHAKE_MS_MAX,
      maxPayload: MESSAGE_BYTES_MAX,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    socket = opened
    let why = ''
    const silence = setTimeout(() => opened.terminate(), SILENT_MS_MAX)
    opened.on('open', () => opened.send(hello))
    opened.on('message', (data: Buffer) => {
      silence.refresh()
      const { type, payload } = JSON.parse(data.toString()) as Message
      if (type === 'connection_ack') opened.send(subscribe)
      else if (type === 'ping') opened.send('{"type":"pong"}')
      else if (type === 'next' && payload?.data?.queueStatus) {
        attempt = 0
        onStatus(payload.data.queueStatus)
      } else if (type === 'next' || type === 'error') {
        const errors = Array.isArray(payload) ? (payload as typeof payload.errors) : payload?.errors
        why = errors?.[0]?.extensions?.code ?? 'NO_CODE'
        opened.close()
      } else if (type === 'complete') stop()
    })
    opened.on('unexpected-response', (_, response) => {
      why = `SOCKET ${response.statusCode ?? 0}`
      opened.terminate()
    })
    opened.on('error', (error: NodeJS.ErrnoException) => {
      why ||= `SOCKET ${error.code ?? error.message}`
    })
    opened.on('close', (code) => {
      clearTimeout(silence)
      if (over) return
      onLost(why || `SOCKET ${code}`)
      attempt += 1
      again = setTimeout(connect, backoffMs(attempt, random))
    })
  }

  function stop(): void {
    over = true
    clearTimeout(again)
    socket?.close()
  }

  connect()
  return stop
}
