/** The process of a crowd: one bare WebSocket for each listener, over which graphql-transport-ws is spoken by hand. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { nowMicros, type ClientsTask, type Received, type Subscriber } from './clients.ts'

/** Handshakes under way at the same time. */
const AT_ONCE = 100

const [task] = (await once(process, 'message')) as [ClientsTask]
const { url, query, subscribers: listeners } = task
const address = url.replace('http', 'ws')
const admittedAt = new Map<number, number>()
const awaited = new Map<number, (at: number) => void>()
const nothing: Received = { messages: 0, firstAt: 0, lastAt: 0 }
let heard = { ...nothing }

function recordMessage(index: number, data: Buffer): void {
  heard.messages += 1
  heard.lastAt = nowMicros()
  heard.firstAt ||= heard.lastAt
  // It comes again when the turn is claimed, and ends later.
  if (!data.includes('"Admitted"') || admittedAt.has(index)) return
  admittedAt.set(index, heard.lastAt)
  awaited.get(index)?.(heard.lastAt)
}

const connect = ({ authorization, queueToken }: Subscriber, index: number): Promise<void> =>
  new Promise((resolve, reject) => {
    // Thousands of them have their own ports only when they come from several addresses.
    const localAddress = `127.0.0.${2 + (index % 16)}`
    const socket = new WebSocket(address, 'graphql-transport-ws', {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      localAddress,
    })
    socket.once('open', () => {
      if (query === null) resolve()
      else {
        const payload = { authorization, 'x-queue-token': queueToken }
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
  Array.from({ length: AT_ONCE }, async () => {
    for (let index = next++; index < listeners.length; index = next++)
      await connect(listeners[index] as Subscriber, index)
  }),
)
process.on('message', (question: 'heard' | number) => {
  if (typeof question === 'number') {
    const at = admittedAt.get(question)
    if (at === undefined) awaited.set(question, (then) => process.send?.(then))
    else process.send?.(at)
    return
  }
  process.send?.(heard)
  heard = { ...nothing }
})
process.send?.('ready')
