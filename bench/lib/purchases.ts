/** A process that makes whole purchases through the API, with bounded concurrency. */
import { createClient, type Credentials } from '../../client/client.ts'
import { nodeFetch, nodeWebSocket } from '../../client/node.ts'
import { documents, isRefused } from './documents.ts'
import { percentile } from './results.ts'
import { readTask } from './programs.ts'

export interface PurchasesTask {
  url: string
  concurrency: number
  /** Each buys a seat. */
  accessTokens: string[]
  concertId: string
  /** Their seats are assigned in order. */
  performanceIds: string[]
  seatCount: number
}

export interface PurchasesResult {
  perSecond: number
  /** Of the duration of a purchase, in milliseconds. */
  p50: number
  p99: number
}

const task = await readTask<PurchasesTask>()
const { url, concurrency, accessTokens, concertId, performanceIds, seatCount } = task
const client = createClient({
  url,
  retry: false,
  fetch: nodeFetch({ maxSockets: concurrency }),
  webSocketImpl: nodeWebSocket(),
})

async function purchase(accessToken: string, index: number): Promise<void> {
  const performanceId = performanceIds[Math.floor(index / seatCount)]
  const seatNumbers = [(index % seatCount) + 1]
  const credentials: Credentials = { accessToken }
  const request = async <Data>(query: string, variables: object): Promise<Data> => {
    const data = await client.request<Data>(query, variables, credentials)
    if (isRefused(JSON.stringify(data))) throw new Error(`${query} was refused`)
    return data
  }
  const { issueQueueToken } = await request<{ issueQueueToken: { ticket: { token: string } } }>(
    documents.join,
    {
      input: { concertId },
    },
  )
  credentials.queueToken = issueQueueToken.ticket.token
  await request(documents.status, {})
  await request(documents.dates, { id: concertId })
  await request(documents.seats, { id: performanceId })
  const { holdSeats } = await request<{ holdSeats: { reservation: { id: string } } }>(documents.hold, {
    input: { performanceId, seatNumbers, idempotencyKey: 'hold' },
  })
  await request(documents.charge, { input: { amount: 10, idempotencyKey: 'charge' } })
  await request(documents.pay, { input: { reservationId: holdSeats.reservation.id, idempotencyKey: 'pay' } })
}

const durations: number[] = []
let next = 0
const began = performance.now()
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    for (let index = next++; index < accessTokens.length; index = next++) {
      const started = performance.now()
      await purchase(accessTokens[index] as string, index)
      durations.push(performance.now() - started)
    }
  }),
)
const result: PurchasesResult = {
  perSecond: (accessTokens.length / (performance.now() - began)) * 1_000,
  p50: percentile(durations, 0.5),
  p99: percentile(durations, 0.99),
}
process.stdout.write(JSON.stringify(result), () => process.exit())
