/** The buyers of a sale, who do not think; from a process of its own. */
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
  answeredSeconds: number
}

const { url, buyers, seats, capacity, operatorToken } = await readTask<SaleTask>()
const {
  findings,
  complete,
  soldOutMs,
  completedMs: answeredMs,
  stats: figures,
} = await runSale({
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
if (!complete || soldOutMs === null || figures.sold !== seats || !isPassed(findings)) {
  throw new Error(`${figures.sold} of ${seats} sold: ${JSON.stringify({ complete, findings })}`)
}
const sold: SaleResult = { soldOutSeconds: soldOutMs / 1_000, answeredSeconds: answeredMs / 1_000 }
process.stdout.write(JSON.stringify(sold), () => process.exit())
