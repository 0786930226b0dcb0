/** The buyers of a sale, who do not think; from a process of its own. */
import { isSound } from '../../rehearse/checks.ts'
import { holdSale } from '../../rehearse/sale.ts'
import { readTask } from './programs.ts'

const MINUTES_MAX = 10

export interface Sale {
  url: string
  buyers: number
  seats: number
  capacity: number
  operatorToken: string
}

export interface Sold {
  soldOutSeconds: number
  answeredSeconds: number
}

const { url, buyers, seats, capacity, operatorToken } = await readTask<Sale>()
const { findings, complete, soldOutMs, answeredMs, figures } = await holdSale({
  url,
  buyers,
  concert: { seats, capacity, operatorToken },
  identities: [],
  arriveMs: 5_000,
  habits: { thinkMs: 0, giveUp: 0, seatsMax: 1 },
  connectionsMax: 64,
  random: Math.random,
  signal: AbortSignal.timeout(MINUTES_MAX * 60_000),
})
if (!complete || soldOutMs === null || figures.sold !== seats || !isSound(findings)) {
  throw new Error(`${figures.sold} of ${seats} sold: ${JSON.stringify({ complete, findings })}`)
}
const sold: Sold = { soldOutSeconds: soldOutMs / 1_000, answeredSeconds: answeredMs / 1_000 }
process.stdout.write(JSON.stringify(sold), () => process.exit())
