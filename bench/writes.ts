/** What changes something, through the API, beside the same script called straight by pgbench or ioredis. */
import { parseGlobalId } from '../src/schema/ids.ts'
import type { Benchmark, BenchmarkContext } from './lib/benchmark.ts'
import type { BatchResult, BatchedRequest, RequestBatch } from './lib/request-batch.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, runProgram, type Program } from './lib/programs.ts'
import type { User } from './lib/environment.ts'
import { redisBaseline, postgresBaseline } from './lib/baseline.ts'

const AT_ONCE = 64

const JOIN =
  'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on QueueTicket { token status { __typename } } } }'
const HOLD =
  'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id price heldUntil } } }'
const CHARGE =
  'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on PointAccount { balance } } }'
const PAY =
  'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on Payment { id amount } } }'

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
    const { environment: stage, rounds, say } = context
    const server = await stage.startServer()
    const count = context.seconds * 1_000
    await measurePurchases(context, server, 200) // warm
    const ours: Record<Step, Measured[]> = { join: [], hold: [], charge: [], pay: [] }
    const straight: Record<Step, number[]> = { join: [], hold: [], charge: [], pay: [] }
    for (let round = 0; round < rounds; round++) {
      const measured = await measurePurchases(context, server, count)
      const joined = await redisBaseline(stage, 4 * count, AT_ONCE)
      const called = await postgresBaseline(stage, count, AT_ONCE)
      for (const step of STEPS) ours[step].push(measured[step])
      straight.join.push(joined.join)
      for (const step of ['hold', 'charge', 'pay'] as const) straight[step].push(called[step])
      say(
        STEPS.map(
          (step) =>
            `${step} ${ours[step].at(-1)?.perSecond.toFixed(0)} of ${straight[step].at(-1)?.toFixed(0)}`,
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
        reference: { name: step === 'join' ? 'join.lua by ioredis' : 'pgbench', values: straight[step] },
        goal: { atLeast: 0.5 },
        notes: [
          `CPU ${middle('cpu').toFixed(0)} µs of the server`,
          `p50 ${middle('p50').toFixed(1)} ms, p99 ${middle('p99').toFixed(1)} ms`,
        ],
      }
    })
  },
}

/** So many people join, hold a seat each, charge points and pay, step by step. */
async function measurePurchases(
  { environment: stage }: BenchmarkContext,
  server: Program,
  count: number,
): Promise<Record<Step, Measured>> {
  const people = await stage.createUsers(count)
  const { concertId, performanceId } = await stage.createConcert(server, { seatCount: 10_000 })
  const run = async (batch: BatchedRequest[]) => {
    const before = cpuMicros(server.pid)
    const done = await runProgram<BatchResult>('bench/lib/buyers.ts', {
      url: server.url,
      atOnce: AT_ONCE,
      batch,
    } satisfies RequestBatch)
    const refused = done.answers.find((text) => /"errors"|\{\}/.test(text))
    if (refused !== undefined) throw new Error(refused)
    const { perSecond, p50, p99, answers } = done
    return { answers, measured: { perSecond, p50, p99, cpu: (cpuMicros(server.pid) - before) / count } }
  }
  const requestOf = (
    { authorization }: User,
    query: string,
    variables: object,
    token?: string,
  ): BatchedRequest => ({
    headers: { authorization, ...(token === undefined ? {} : { 'x-queue-token': token }) },
    body: JSON.stringify({ query, variables }),
  })
  const join = await run(people.map((person) => requestOf(person, JOIN, { id: concertId })))
  const tokens = join.answers.map((text) => /"token":"([^"]+)"/.exec(text)?.[1])
  const hold = await run(
    people.map((person, index) => {
      const input = { performanceId, seatNumbers: [index + 1], idempotencyKey: 'hold' }
      return requestOf(person, HOLD, { input }, tokens[index])
    }),
  )
  const holds = hold.answers.map((text) => /"id":"([^"]+)"/.exec(text)?.[1])
  const charge = await run(
    people.map((person) => requestOf(person, CHARGE, { input: { amount: 10, idempotencyKey: 'charge' } })),
  )
  const pay = await run(
    people.map((person, index) => {
      const input = { reservationId: holds[index], idempotencyKey: 'pay' }
      return requestOf(person, PAY, { input }, tokens[index])
    }),
  )
  if (parseGlobalId(holds[0] ?? '')?.typename !== 'Reservation') throw new Error('nobody holds a seat')
  return { join: join.measured, hold: hold.measured, charge: charge.measured, pay: pay.measured }
}
