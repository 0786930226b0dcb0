/** Queries over HTTP, beside Mercurius with its JIT and a bare server that sends the same bytes. */
import { createHash } from 'node:crypto'
import { headersOf } from '../client/http.ts'
import { documents } from './lib/documents.ts'
import { cpuMicros, runProgram, startProgram, type Program } from './lib/programs.ts'
import type { LoadTask, LoadResult } from './lib/load.ts'
import type { Row } from './lib/results.ts'
import { median } from './lib/results.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { joinQueue } from './lib/environment.ts'

const CONNECTIONS = 64
const PUBLIC = '{ concerts(first: 5) { edges { node { id title } } } }'

const persisted = (query: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
})

export const http: Benchmark = {
  name: 'http',
  run: async ({ environment, rounds, seconds, log }) => {
    const ours = await environment.startServer()
    const reference = await startProgram('bench/reference/mercurius.ts', environment.env)
    const { concertId, performanceId } = await environment.createConcert(ours, { seatCount: 50 })
    const [buyer] = await environment.createUsers(1)
    if (!buyer) throw new Error('no user')
    const queueToken = await joinQueue(ours.url, concertId, buyer)
    const plain = { 'content-type': 'application/json' }
    const admitted = { ...plain, ...headersOf({ ...buyer, queueToken }) }
    const requests = [
      { what: 'a field', headers: plain, body: { query: '{ __typename }' } },
      { what: 'a public list', headers: plain, body: { query: PUBLIC } },
      {
        what: 'the 50 seats of a date',
        headers: admitted,
        body: { query: documents.seats, variables: { id: performanceId } },
      },
      { what: 'a persisted document', headers: plain, body: { extensions: persisted(PUBLIC) } },
    ]
    // Registers the persisted document with both.
    const first = JSON.stringify({ query: PUBLIC, extensions: persisted(PUBLIC) })
    for (const { url } of [ours, reference]) await fetch(url, { method: 'POST', headers: plain, body: first })

    const rows: Row[] = []
    for (const { what, headers, body } of requests) {
      const text = JSON.stringify(body)
      const bodies = await Promise.all([ours, reference].map(({ url }) => responseOf(url, headers, text)))
      if (bodies[0] !== bodies[1]) throw new Error(`different responses: ${bodies.join(' and ')}`)
      const bare = await startProgram('bench/reference/bare-http.ts', { BODY: bodies[0] ?? '' })
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
        log(
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
