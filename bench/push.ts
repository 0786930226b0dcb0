/** The time from a payment to the Admitted message of the next user, while ten thousand others wait on the same server. */
import { request } from './lib/environment.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients, nowMicros } from './lib/clients.ts'
import { percentile, type Row } from './lib/results.ts'
import { documents } from './lib/documents.ts'
import { joinAll } from './lib/queue.ts'

const WAITING = 10_000
const PAYMENTS = 200

export const push: Benchmark = {
  name: 'push',
  run: async ({ environment, rounds, log }) => {
    const server = await environment.startServer()
    const { concertId, performanceId } = await environment.createConcert(server, {
      seatCount: 10_000,
      capacity: 1,
    })
    const subscribers = await joinAll(environment, server, concertId, WAITING + rounds * PAYMENTS)
    log(`${subscribers.length} in the queue`)
    const clients = await connectClients({
      url: server.url,
      query: documents.ticketChanges,
      subscribers,
    })
    log('all of them are subscribed')
    const fromRequest: number[] = []
    const fromResponse: number[] = []
    for (let round = 0; round < rounds; round++) {
      const sinceRequest: number[] = []
      const sinceResponse: number[] = []
      for (let turn = round * PAYMENTS; turn < (round + 1) * PAYMENTS; turn++) {
        const buyer = subscribers[turn]
        if (!buyer) throw new Error('the queue is empty')
        await clients.admission(turn)
        const send = <Data>(query: string, input: object): Promise<Data> =>
          request<Data>(server.url, query, { input }, buyer)
        const seatNumbers = [turn + 1]
        const held = await send<{ holdSeats: { reservation: { id: string } } }>(documents.hold, {
          performanceId,
          seatNumbers,
          idempotencyKey: 'hold',
        })
        await send(documents.charge, { amount: 10, idempotencyKey: 'charge' })
        const sentAt = nowMicros()
        const [paidAt, admittedAt] = await Promise.all([
          send(documents.pay, { reservationId: held.holdSeats.reservation.id, idempotencyKey: 'pay' }).then(
            nowMicros,
          ),
          clients.admission(turn + 1),
        ])
        sinceRequest.push((admittedAt - sentAt) / 1_000)
        sinceResponse.push((admittedAt - paidAt) / 1_000)
      }
      fromRequest.push(percentile(sinceRequest, 0.99))
      fromResponse.push(percentile(sinceResponse, 0.99))
      log(
        `round ${round + 1}: p50 ${percentile(sinceRequest, 0.5).toFixed(1)} ms, p99 ${percentile(sinceRequest, 0.99).toFixed(1)} ms`,
      )
    }
    await clients.close()
    await server.stop()
    const row = (what: string, ours: readonly number[]): Row => ({
      name: what,
      unit: 'ms (p99)',
      ours,
      goal: { atMost: 50 },
      notes: [`${PAYMENTS} payments a round`],
    })
    return [
      row('from the request of the payment to the Admitted of the next user', fromRequest),
      row('from the response of the payment to the Admitted of the next user', fromResponse),
    ]
  },
}
