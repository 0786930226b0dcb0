/** A process that polls for many users, each over a connection of its own, as browsers do. */
import { Agent, request } from 'node:http'
import { headersOf } from '../../client/http.ts'
import type { Subscriber } from './clients.ts'
import { readTask } from './programs.ts'

export interface PollTask {
  url: string
  query: string
  /** Between two requests of a user. */
  everySeconds: number
  seconds: number
  subscribers: Subscriber[]
}

export interface PollResult {
  perSecond: number
}

const { url, query, everySeconds, seconds, subscribers } = await readTask<PollTask>()
const body = JSON.stringify({ query })
const pauseMs = everySeconds * 1_000
let answered = 0
let failed = 0

function poll(subscriber: Subscriber, agent: Agent, localAddress: string): void {
  const headers = {
    ...headersOf(subscriber),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const sent = request(url, { method: 'POST', agent, headers, localAddress }, (response) => {
    response.resume().on('end', () => (answered += 1))
    if (response.statusCode !== 200) failed += 1
  })
  sent.on('error', (error: NodeJS.ErrnoException) => {
    // The server closed the idle connection at the same moment: browsers repeat the request.
    if (error.code === 'ECONNRESET') poll(subscriber, agent, localAddress)
    else failed += 1
  })
  sent.end(body)
}

for (const [index, subscriber] of subscribers.entries()) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const localAddress = `127.0.0.${2 + (index % 16)}`
  const first = (index / subscribers.length) * pauseMs
  setTimeout(() => {
    poll(subscriber, agent, localAddress)
    setInterval(() => poll(subscriber, agent, localAddress), pauseMs)
  }, first)
}
setTimeout(() => {
  const polled: PollResult = { perSecond: answered / seconds }
  const wanted = subscribers.length / everySeconds
  if (failed > 0 || polled.perSecond < 0.9 * wanted) {
    throw new Error(`${failed} failed, ${polled.perSecond} of ${wanted} a second`)
  }
  process.stdout.write(JSON.stringify(polled), () => process.exit())
}, seconds * 1_000)
