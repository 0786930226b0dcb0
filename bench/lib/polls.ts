/** Everybody asks again and again, each over a connection of their own, as browsers would; from a process of its own. */
import { Agent, request } from 'node:http'
import type { Subscriber } from './clients.ts'
import { readTask } from './programs.ts'

export interface PollTask {
  url: string
  query: string
  /** How long each waits between two questions. */
  everySeconds: number
  seconds: number
  subscribers: Subscriber[]
}

export interface PollResult {
  perSecond: number
}

const { url, query, everySeconds, seconds, subscribers: listeners } = await readTask<PollTask>()
const body = JSON.stringify({ query })
const pauseMs = everySeconds * 1_000
let answered = 0
let failed = 0

function poll({ authorization, queueToken }: Subscriber, agent: Agent, localAddress: string): void {
  const headers = {
    authorization,
    'x-queue-token': queueToken,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const sent = request(url, { method: 'POST', agent, headers, localAddress }, (response) => {
    response.resume().on('end', () => (answered += 1))
    if (response.statusCode !== 200) failed += 1
  })
  sent.on('error', (error: NodeJS.ErrnoException) => {
    // The server closed the connection in the same moment: a browser sends it again.
    if (error.code === 'ECONNRESET') poll({ authorization, queueToken }, agent, localAddress)
    else failed += 1
  })
  sent.end(body)
}

for (const [index, listener] of listeners.entries()) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const localAddress = `127.0.0.${2 + (index % 16)}`
  const first = (index / listeners.length) * pauseMs
  setTimeout(() => {
    poll(listener, agent, localAddress)
    setInterval(() => poll(listener, agent, localAddress), pauseMs)
  }, first)
}
setTimeout(() => {
  const polled: PollResult = { perSecond: answered / seconds }
  const wanted = listeners.length / everySeconds
  if (failed > 0 || polled.perSecond < 0.9 * wanted) {
    throw new Error(`${failed} failed, ${polled.perSecond} of ${wanted} a second`)
  }
  process.stdout.write(JSON.stringify(polled), () => process.exit())
}, seconds * 1_000)
