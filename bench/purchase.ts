/** Whole purchases through the API, beside the same scripts and statements one after the other, without the server. */
import type { Benchmark } from './lib/benchmark.ts'
import { median, type Row } from './lib/results.ts'
import type { PurchasesTask, PurchasesResult } from './lib/purchases.ts'
import { cpuMicros, runProgram } from './lib/programs.ts'
import { redisBaseline, postgresBaseline } from './lib/baseline.ts'

const CONCURRENCY = 8
const SEATS = 50

export const purchase: Benchmark = {
  name: 'purchase',
  run: async ({ environment, rounds, seconds, log }) => {
    const server = await environment.startServer()
    const count = seconds * 400
    const buy = async (buyers: number): Promise<PurchasesResult & { cpu: number }> => {
      const accessTokens = (await environment.createUsers(buyers)).map(({ accessToken }) => accessToken)
      const { concertId, performanceIds } = await environment.createConcert(server, {
        seatCount: SEATS,
        dates: Math.ceil(buyers / SEATS),
      })
      const task: PurchasesTask = {
        url: server.url,
        concurrency: CONCURRENCY,
        accessTokens,
        concertId,
        performanceIds,
        seatCount: SEATS,
      }
      const before = cpuMicros(server.pid)
      const result = await runProgram<PurchasesResult>('bench/lib/purchases.ts', task)
      return { ...result, cpu: (cpuMicros(server.pid) - before) / buyers }
    }
    await buy(200) // warm
    const ours: (PurchasesResult & { cpu: number })[] = []
    const limits: number[] = []
    for (let round = 0; round < rounds; round++) {
      const bought = await buy(count)
      const scripts = await redisBaseline(environment, 4 * count, CONCURRENCY)
      const statements = await postgresBaseline(environment, 2 * count, CONCURRENCY)
      const seconds = Object.values({ ...scripts, ...statements }).map((perSecond) => 1 / perSecond)
      ours.push(bought)
      limits.push(1 / seconds.reduce((sum, each) => sum + each, 0))
      log(`round ${round + 1}: ${bought.perSecond.toFixed(0)} of ${limits.at(-1)?.toFixed(0)} a second`)
    }
    await server.stop()
    const middle = (key: keyof PurchasesResult | 'cpu'): string =>
      median(ours.map((it) => it[key])).toFixed(0)
    const row: Row = {
      name: `token, status, dates, seats, hold, charge, pay; ${CONCURRENCY} at a time`,
      unit: 'purchases/s',
      ours: ours.map(({ perSecond }) => perSecond),
      reference: { name: 'the scripts and statements, one after the other', values: limits },
      goal: { atLeast: 0.4 },
      notes: [
        `p50 ${middle('p50')} ms, p99 ${middle('p99')} ms (goal ≤ 100)`,
        `CPU ${middle('cpu')} µs of the server`,
      ],
    }
    return [row]
  },
}
