/** How soon the next in line hears that it is their turn, after a payment, while ten thousand others wait on that server. */
import { request } from './lib/environment.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients, nowMicros } from './lib/clients.ts'
import { percentile, type Row } from './lib/results.ts'
import { joinAll } from './lib/queue.ts'

const WAITING = 10_000
const PAYMENTS = 200

const WATCH = 'subscription { queueStatus { __typename ... on Waiting { position estimatedWaitSeconds } } }'
const HOLD = 'mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { ... on Reservation { id } } }'
const CHARGE =
  'mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { ... on PointAccount { balance } } }'
const PAY =
  'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on Payment { id } } }'

export const push: Benchmark = {
  name: 'push',
  run: async ({ environment: stage, rounds, say }) => {
    const server = await stage.startServer()
    const { concertId, performanceId } = await stage.createConcert(server, { seatCount: 10_000, capacity: 1 })
    const line = await joinAll(stage, server, concertId, WAITING + rounds * PAYMENTS)
    say(`${line.length} stand in line`)
    const crowd = await connectClients({ url: server.url, query: WATCH, subscribers: line })
    say('all of them listen')
    const fromRequest: number[] = []
    const fromAnswer: number[] = []
    for (let round = 0; round < rounds; round++) {
      const late: number[] = []
      const early: number[] = []
      for (let turn = round * PAYMENTS; turn < (round + 1) * PAYMENTS; turn++) {
        const buyer = line[turn]
        if (!buyer) throw new Error('the line has ended')
        await crowd.admission(turn)
        const send = <Data>(query: string, input: object): Promise<Data> =>
          request<Data>(server.url, query, { input }, buyer, buyer.queueToken)
        const seatNumbers = [turn + 1]
        const held = await send<{ holdSeats: { id: string } }>(HOLD, {
          performanceId,
          seatNumbers,
          idempotencyKey: 'hold',
        })
        await send(CHARGE, { amount: 10, idempotencyKey: 'charge' })
        const asked = nowMicros()
        const [paidAt, heardAt] = await Promise.all([
          send(PAY, { reservationId: held.holdSeats.id, idempotencyKey: 'pay' }).then(nowMicros),
          crowd.admission(turn + 1),
        ])
        late.push((heardAt - asked) / 1_000)
        early.push((heardAt - paidAt) / 1_000)
      }
      fromRequest.push(percentile(late, 0.99))
      fromAnswer.push(percentile(early, 0.99))
      say(
        `round ${round + 1}: p50 ${percentile(late, 0.5).toFixed(1)} ms, p99 ${percentile(late, 0.99).toFixed(1)} ms`,
      )
    }
    await crowd.close()
    await server.stop()
    const row = (what: string, ours: readonly number[]): Row => ({
      name: what,
      unit: 'ms (p99)',
      ours,
      goal: { atMost: 50 },
      notes: [`${PAYMENTS} payments a round`],
    })
    return [
      row('from sending the payment to the next one’s Admitted', fromRequest),
      row('from the payment’s answer to the next one’s Admitted', fromAnswer),
    ]
  },
}
