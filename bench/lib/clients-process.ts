/**
 * The process of the subscribers: a bare WebSocket each, with a minimal graphql-transport-ws. The full client would cost more
 * CPU time than the server that is measured beside it.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { headersOf } from '../../client/http.ts'
import { nowMicros, type ClientsTask, type Received, type Subscriber } from './clients.ts'

/** Concurrent handshakes. */
const CONCURRENCY = 100

const [task] = (await once(process, 'message')) as [ClientsTask]
const { url, query, subscribers } = task
const address = url.replace('http', 'ws')
const admittedAt = new Map<number, number>()
const awaited = new Map<number, (at: number) => void>()
const nothing: Received = { messages: 0, firstAt: 0, lastAt: 0 }
let received = { ...nothing }

function recordMessage(index: number, data: Buffer): void {
  received.messages += 1
  received.lastAt = nowMicros()
  received.firstAt ||= received.lastAt
  // Only the first: the message comes again, with a later `until`, when the ticket is used.
  if (!data.includes('"Admitted"') || admittedAt.has(index)) return
  admittedAt.set(index, received.lastAt)
  awaited.get(index)?.(received.lastAt)
}

const connect = (subscriber: Subscriber, index: number): Promise<void> =>
  new Promise((resolve, reject) => {
    // One address has too few ports.
    const localAddress = `127.0.0.${2 + (index % 16)}`
    const socket = new WebSocket(address, 'graphql-transport-ws', {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      localAddress,
    })
    socket.once('open', () => {
      if (query === null) resolve()
      else {
        const payload = headersOf(subscriber)
        socket.send(JSON.stringify({ type: 'connection_init', payload }))
      }
    })
    socket.on('message', (data: Buffer) => {
      if (data.includes('"connection_ack"')) {
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }))
        return
      }
      if (data.includes('"type":"ping"')) {
        socket.send('{"type":"pong"}')
        return
      }
      if (data.includes('"errors"')) reject(new Error(data.toString()))
      recordMessage(index, data)
      resolve()
    })
    socket.once('error', reject)
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)))
  })

let next = 0
await Promise.all(
  Array.from({ length: CONCURRENCY }, async () => {
    for (let index = next++; index < subscribers.length; index = next++)
      await connect(subscribers[index] as Subscriber, index)
  }),
)
process.on('message', (request: 'received' | number) => {
  if (typeof request === 'number') {
    const at = admittedAt.get(request)
    if (at === undefined) awaited.set(request, (then) => process.send?.(then))
    else process.send?.(at)
    return
  }
  process.send?.(received)
  received = { ...nothing }
})
process.send?.('ready')
