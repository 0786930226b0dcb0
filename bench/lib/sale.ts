/** A process with the buyers of a sale, who do not pause. */
import { isPassed } from '../../load-test/checks.ts'
import { runSale } from '../../load-test/sale.ts'
import { readTask } from './programs.ts'

const MINUTES_MAX = 10

export interface SaleTask {
  url: string
  buyers: number
  seats: number
  capacity: number
  operatorToken: string
}

export interface SaleResult {
  soldOutSeconds: number
  completedSeconds: number
}

const { url, buyers, seats, capacity, operatorToken } = await readTask<SaleTask>()
const { findings, complete, soldOutMs, completedMs, stats } = await runSale({
  url,
  buyers,
  concert: { seats, capacity, operatorToken },
  identities: [],
  arriveMs: 5_000,
  profile: { thinkMs: 0, giveUp: 0, seatsMax: 1 },
  connectionsMax: 64,
  random: Math.random,
  signal: AbortSignal.timeout(MINUTES_MAX * 60_000),
})
if (!complete || soldOutMs === null || stats.sold !== seats || !isPassed(findings)) {
  throw new Error(`${stats.sold} of ${seats} sold: ${JSON.stringify({ complete, findings })}`)
}
const result: SaleResult = { soldOutSeconds: soldOutMs / 1_000, completedSeconds: completedMs / 1_000 }
process.stdout.write(JSON.stringify(result), () => process.exit())
