/** Reading over HTTP, beside Mercurius with its JIT and beside a bare server that sends the same bytes. */
import { createHash } from 'node:crypto'
import { cpuMicros, runProgram, startProgram, type Program } from './lib/programs.ts'
import type { LoadTask, LoadResult } from './lib/load.ts'
import type { Row } from './lib/results.ts'
import { median } from './lib/results.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { joinQueue } from './lib/environment.ts'

const CONNECTIONS = 64
const MORE = { sha256Hash: '', version: 1 }
const PUBLIC = '{ concerts(first: 5) { edges { node { id title } } } }'
const SEATS = 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }'

const persisted = (query: string) => ({
  persistedQuery: { ...MORE, sha256Hash: createHash('sha256').update(query).digest('hex') },
})

export const http: Benchmark = {
  name: 'http',
  run: async ({ environment: stage, rounds, seconds, say }) => {
    const ours = await stage.startServer()
    const reference = await startProgram('bench/reference/mercurius.ts', stage.env)
    const { concertId, performanceId } = await stage.createConcert(ours, { seatCount: 50 })
    const [buyer] = await stage.createUsers(1)
    if (!buyer) throw new Error('there is nobody')
    const queueToken = await joinQueue(ours.url, concertId, buyer)
    const plain = { 'content-type': 'application/json' }
    const admitted = { ...plain, authorization: buyer.authorization, 'x-queue-token': queueToken }
    const requests = [
      { what: 'a field', headers: plain, body: { query: '{ __typename }' } },
      { what: 'a public list', headers: plain, body: { query: PUBLIC } },
      {
        what: 'the 50 seats of a date',
        headers: admitted,
        body: { query: SEATS, variables: { id: performanceId } },
      },
      { what: 'a persisted document', headers: plain, body: { extensions: persisted(PUBLIC) } },
    ]
    // Both have to know the persisted document before they are asked for it.
    const first = JSON.stringify({ query: PUBLIC, extensions: persisted(PUBLIC) })
    for (const { url } of [ours, reference]) await fetch(url, { method: 'POST', headers: plain, body: first })

    const rows: Row[] = []
    for (const { what, headers, body } of requests) {
      const text = JSON.stringify(body)
      const answers = await Promise.all([ours, reference].map(({ url }) => responseOf(url, headers, text)))
      if (answers[0] !== answers[1]) throw new Error(`not the same answer: ${answers.join(' and ')}`)
      const bare = await startProgram('bench/reference/bare-http.ts', { ANSWER: answers[0] ?? '' })
      const measure = async ({ url, pid }: Program) => {
        const before = cpuMicros(pid)
        const task: LoadTask = { url, headers, body: text, connections: CONNECTIONS, seconds }
        const loaded = await runProgram<LoadResult>('bench/lib/load.ts', task)
        return { ...loaded, cpu: (cpuMicros(pid) - before) / loaded.requests }
      }
      const measured = { ours: [] as Measured[], reference: [] as Measured[], bare: [] as Measured[] }
      for (const program of [ours, reference]) await measure(program) // warm
      for (let round = 0; round < rounds; round++) {
        measured.ours.push(await measure(ours))
        measured.reference.push(await measure(reference))
        measured.bare.push(await measure(bare))
        say(
          `${what}, round ${round + 1}: ${measured.ours.at(-1)?.perSecond} and ${measured.reference.at(-1)?.perSecond}`,
        )
      }
      await bare.stop()
      const perSecond = (list: readonly Measured[]) => list.map((it) => it.perSecond)
      const middle = (list: readonly Measured[], key: keyof Measured) => median(list.map((it) => it[key]))
      rows.push({
        name: what,
        unit: 'requests/s',
        ours: perSecond(measured.ours),
        reference: { name: 'Mercurius + JIT', values: perSecond(measured.reference) },
        goal: { atLeast: 1 },
        notes: [
          `CPU ${middle(measured.ours, 'cpu').toFixed(0)} µs, Mercurius ${middle(measured.reference, 'cpu').toFixed(0)} µs`,
          `p50 ${middle(measured.ours, 'p50')} ms, p99 ${middle(measured.ours, 'p99')} ms`,
          `bare node:http ${Math.round(middle(measured.bare, 'perSecond')).toLocaleString('en')}/s`,
        ],
      })
    }
    await Promise.all([ours.stop(), reference.stop()])
    return rows
  },
}

interface Measured extends LoadResult {
  /** Microseconds of the server's CPU for each request. */
  cpu: number
}

async function responseOf(url: string, headers: Record<string, string>, body: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers, body })
  return response.text()
}
