/** Does one thing for many people, so many at a time, through the API; from a process of its own. */
import autocannon from 'autocannon'
import { readTask } from './programs.ts'

export interface Errand {
  headers: Record<string, string>
  body: string
}

export interface Errands {
  url: string
  atOnce: number
  errands: Errand[]
}

export interface Done {
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** In the order of the errands. */
  answers: string[]
}

const { url, atOnce, errands } = await readTask<Errands>()
const answers: string[] = []
let next = 0
const began = performance.now()
let ended = began
const result = await autocannon({
  url,
  connections: atOnce,
  amount: errands.length,
  requests: [
    {
      method: 'POST',
      setupRequest: (request, context: { index?: number }) => {
        context.index = next++
        const { headers, body } = errands[context.index % errands.length] as Errand
        return { ...request, headers: { ...headers, 'content-type': 'application/json' }, body }
      },
      onResponse: (_, body, context: { index?: number }) => {
        answers[context.index ?? 0] = body
        ended = performance.now()
      },
    },
  ],
})
if (result.errors > 0 || result.non2xx > 0)
  throw new Error(`${result.errors} errors, ${result.non2xx} failed`)
const done: Done = {
  perSecond: (errands.length / (ended - began)) * 1_000,
  p50: result.latency.p50,
  p99: result.latency.p99,
  answers,
}
process.stdout.write(JSON.stringify(done), () => process.exit())
