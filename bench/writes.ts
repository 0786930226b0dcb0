/** Mutations through the API, beside the same script or statement called by ioredis or pgbench. */
import { headersOf } from '../client/http.ts'
import { parseGlobalId } from '../src/schema/ids.ts'
import type { Benchmark, BenchmarkContext } from './lib/benchmark.ts'
import type { BatchResult, BatchedRequest, RequestBatch } from './lib/request-batch.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, runProgram, type Program } from './lib/programs.ts'
import type { User } from './lib/environment.ts'
import { documents, idIn, isRefused, tokenIn } from './lib/documents.ts'
import { redisBaseline, postgresBaseline } from './lib/baseline.ts'

const CONCURRENCY = 64

const STEPS = ['join', 'hold', 'charge', 'pay'] as const
type Step = (typeof STEPS)[number]

interface Measured {
  perSecond: number
  p50: number
  p99: number
  cpu: number
}

export const writes: Benchmark = {
  name: 'writes',
  run: async (context) => {
    const { environment, rounds, log } = context
    const server = await environment.startServer()
    const count = context.seconds * 1_000
    await measurePurchases(context, server, 200) // warm
    const ours: Record<Step, Measured[]> = { join: [], hold: [], charge: [], pay: [] }
    const baseline: Record<Step, number[]> = { join: [], hold: [], charge: [], pay: [] }
    for (let round = 0; round < rounds; round++) {
      const measured = await measurePurchases(context, server, count)
      const scripts = await redisBaseline(environment, 4 * count, CONCURRENCY)
      const statements = await postgresBaseline(environment, count, CONCURRENCY)
      for (const step of STEPS) ours[step].push(measured[step])
      baseline.join.push(scripts.join)
      for (const step of ['hold', 'charge', 'pay'] as const) baseline[step].push(statements[step])
      log(
        STEPS.map(
          (step) =>
            `${step} ${ours[step].at(-1)?.perSecond.toFixed(0)} of ${baseline[step].at(-1)?.toFixed(0)}`,
        ).join(', '),
      )
    }
    await server.stop()
    return STEPS.map((step): Row => {
      const middle = (key: keyof Measured) => median(ours[step].map((it) => it[key]))
      return {
        name: step,
        unit: `${step}s/s`,
        ours: ours[step].map(({ perSecond }) => perSecond),
        reference: { name: step === 'join' ? 'join.lua by ioredis' : 'pgbench', values: baseline[step] },
        goal: { atLeast: 0.5 },
        notes: [
          `CPU ${middle('cpu').toFixed(0)} µs of the server`,
          `p50 ${middle('p50').toFixed(1)} ms, p99 ${middle('p99').toFixed(1)} ms`,
        ],
      }
    })
  },
}

/** New users join, hold a seat each, charge points and pay, step by step. */
async function measurePurchases(
  { environment }: BenchmarkContext,
  server: Program,
  count: number,
): Promise<Record<Step, Measured>> {
  const users = await environment.createUsers(count)
  const { concertId, performanceId } = await environment.createConcert(server, { seatCount: 10_000 })
  const run = async (batch: BatchedRequest[]) => {
    const before = cpuMicros(server.pid)
    const done = await runProgram<BatchResult>('bench/lib/buyers.ts', {
      url: server.url,
      concurrency: CONCURRENCY,
      batch,
    } satisfies RequestBatch)
    const refused = done.bodies.find(isRefused)
    if (refused !== undefined) throw new Error(refused)
    const { perSecond, p50, p99, bodies } = done
    return { bodies, measured: { perSecond, p50, p99, cpu: (cpuMicros(server.pid) - before) / count } }
  }
  const requestOf = (user: User, query: string, variables: object, queueToken?: string): BatchedRequest => ({
    headers: headersOf({ ...user, queueToken }),
    body: JSON.stringify({ query, variables }),
  })
  const join = await run(users.map((user) => requestOf(user, documents.join, { input: { concertId } })))
  const tokens = join.bodies.map(tokenIn)
  const hold = await run(
    users.map((user, index) => {
      const input = { performanceId, seatNumbers: [index + 1], idempotencyKey: 'hold' }
      return requestOf(user, documents.hold, { input }, tokens[index])
    }),
  )
  const holds = hold.bodies.map(idIn)
  const charge = await run(
    users.map((user) =>
      requestOf(user, documents.charge, { input: { amount: 10, idempotencyKey: 'charge' } }),
    ),
  )
  const pay = await run(
    users.map((user, index) => {
      const input = { reservationId: holds[index], idempotencyKey: 'pay' }
      return requestOf(user, documents.pay, { input }, tokens[index])
    }),
  )
  if (parseGlobalId(holds[0] ?? '')?.typename !== 'Reservation') throw new Error('no seat is held')
  return { join: join.measured, hold: hold.measured, charge: charge.measured, pay: pay.measured }
}
