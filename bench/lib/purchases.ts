/** Whole purchases through the API, so many at a time, each step after the other; from a process of its own. */
import { Agent, request } from 'node:http'
import { percentile } from './results.ts'
import { readTask } from './programs.ts'

export interface PurchasesTask {
  url: string
  atOnce: number
  /** Access tokens as they are sent; everybody buys a seat of their own. */
  authorizations: string[]
  concertId: string
  /** Their seats are given out one after the other. */
  performanceIds: string[]
  seatCount: number
}

export interface PurchasesResult {
  perSecond: number
  /** Milliseconds for a whole journey. */
  p50: number
  p99: number
}

const task = await readTask<PurchasesTask>()
const { url, atOnce, authorizations: people, concertId, performanceIds, seatCount } = task
const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

const ask = <Answer>(query: string, variables: object, headers: Record<string, string>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({ query, variables })
    const all = { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method: 'POST', agent, headers: all }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        if (/"errors"|\{\}/.test(text)) reject(new Error(`${query}: ${text}`))
        else resolve((JSON.parse(text) as { data: Answer }).data)
      })
    })
    sent.on('error', reject).end(body)
  })

async function purchase(authorization: string, index: number): Promise<void> {
  const performanceId = performanceIds[Math.floor(index / seatCount)]
  const seatNumbers = [(index % seatCount) + 1]
  const joined = await ask<{ issueQueueToken: { token: string } }>(
    'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { ... on QueueTicket { token } } }',
    { id: concertId },
    { authorization },
  )
  const { token } = joined.issueQueueToken
  const headers = { authorization, 'x-queue-token': token }
  await ask('{ queueTicket { status { __typename } } }', {}, headers)
  const dates = 'query ($id: ID!) { performances(concertId: $id) { id startsAt } }'
  await ask(dates, { id: concertId }, headers)
  const seats = 'query ($id: ID!) { performance(id: $id) { seats { number status price } } }'
  await ask(seats, { id: performanceId }, headers)
  const held = await ask<{ holdSeats: { id: string } }>(
    'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id heldUntil } } }',
    { input: { performanceId, seatNumbers, idempotencyKey: 'hold' } },
    headers,
  )
  const charge =
    'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on PointAccount { balance } } }'
  await ask(charge, { input: { amount: 10, idempotencyKey: 'charge' } }, headers)
  const pay =
    'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on Payment { id } } }'
  await ask(pay, { input: { reservationId: held.holdSeats.id, idempotencyKey: 'pay' } }, headers)
}

const durations: number[] = []
let next = 0
const began = performance.now()
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let index = next++; index < people.length; index = next++) {
      const left = performance.now()
      await purchase(people[index] as string, index)
      durations.push(performance.now() - left)
    }
  }),
)
const travelled: PurchasesResult = {
  perSecond: (people.length / (performance.now() - began)) * 1_000,
  p50: percentile(durations, 0.5),
  p99: percentile(durations, 0.99),
}
process.stdout.write(JSON.stringify(travelled), () => process.exit())
