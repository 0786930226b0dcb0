/** Delivery to ten thousand subscribers of one server, beside a bare `ws` server that sends the same bytes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients, nowMicros, type Clients } from './lib/clients.ts'
import { median, type Row } from './lib/results.ts'
import { joinAll } from './lib/queue.ts'
import { cpuMicros, residentBytes, startProgram, type Program } from './lib/programs.ts'

const SUBSCRIBERS = 10_000
/** So many are admitted at a time that every position behind them changes by more than a tenth, and is sent at once. */
const ADMITTED_PER_ROUND = 3_000

const SUBSCRIPTION =
  'subscription { queueTicketChanges { status { ... on Waiting { position estimatedWaitSeconds } } } }'
/** A message as every subscriber gets it. */
const MESSAGE =
  '{"id":"1","type":"next","payload":{"data":{"queueTicketChanges":{"status":{"position":12345,"estimatedWaitSeconds":null}}}}}'

const COLLECT_ENV = { NODE_OPTIONS: '--require ./bench/lib/collect.cjs' }

interface Delivery {
  /** Between the first message and the last one. */
  perSecond: number
  /** Microseconds of the server's CPU for each message. */
  cpu: number
}

export const fanout: Benchmark = {
  name: 'fanout',
  run: async ({ environment, rounds, log }) => {
    const ours = await environment.startServer(COLLECT_ENV)
    const bare = await startProgram('bench/reference/bare-ws.ts', { ...COLLECT_ENV, MESSAGE })
    const { concertId } = await environment.createConcert(ours, { seatCount: 50, capacity: 1 })
    const users = await joinAll(
      environment,
      ours,
      concertId,
      1 + rounds * ADMITTED_PER_ROUND + ADMITTED_PER_ROUND + SUBSCRIBERS,
    )
    const subscribers = users.slice(-SUBSCRIBERS)

    const memoryInUse = async ({ pid }: Program): Promise<number> => {
      for (let times = 0; times < 2; times++) {
        process.kill(pid, 'SIGWINCH')
        await sleep(1_000)
      }
      return residentBytes(pid)
    }
    const subscribe = async (
      program: Program,
      query: string | null,
    ): Promise<{ clients: Clients; bytes: number }> => {
      const before = await memoryInUse(program)
      const clients = await connectClients({ url: program.url, query, subscribers })
      return { clients, bytes: ((await memoryInUse(program)) - before) / SUBSCRIBERS }
    }
    const ourClients = await subscribe(ours, SUBSCRIPTION)
    const bareClients = await subscribe(bare, null)
    log(`${Math.round(ourClients.bytes)} and ${Math.round(bareClients.bytes)} bytes for each`)

    const deliver = async (
      program: Program,
      clients: Clients,
      start: () => Promise<unknown>,
    ): Promise<Delivery> => {
      await clients.received()
      const before = cpuMicros(program.pid)
      const began = nowMicros()
      await start()
      let messages = 0
      let firstAt = 0
      let lastAt = 0
      while (messages < SUBSCRIBERS) {
        await sleep(100)
        const received = await clients.received()
        messages += received.messages
        firstAt ||= received.firstAt
        lastAt = Math.max(lastAt, received.lastAt)
        if (nowMicros() - began > 20e6) throw new Error(`${messages} of ${SUBSCRIBERS} messages came`)
      }
      const cpu = (cpuMicros(program.pid) - before) / messages
      return { perSecond: (messages / (lastAt - firstAt)) * 1e6, cpu }
    }
    let capacity = 1
    const deliveries: { ours: Delivery[]; bare: Delivery[] } = { ours: [], bare: [] }
    for (let round = -1; round < rounds; round++) {
      capacity += ADMITTED_PER_ROUND
      const mine = await deliver(ours, ourClients.clients, () =>
        environment.updateQueue(ours, concertId, { capacity }),
      )
      const theirs = await deliver(bare, bareClients.clients, () => fetch(bare.url))
      if (round < 0) continue // warm
      deliveries.ours.push(mine)
      deliveries.bare.push(theirs)
      log(`round ${round + 1}: ${Math.round(mine.perSecond)} and ${Math.round(theirs.perSecond)} a second`)
    }
    await Promise.all([ourClients.clients.close(), bareClients.clients.close()])
    await Promise.all([ours.stop(), bare.stop()])
    const micros = (list: readonly Delivery[]): string => median(list.map(({ cpu }) => cpu)).toFixed(0)
    const rows: Row[] = [
      {
        name: 'every position changes, 10,000 subscribers',
        unit: 'messages/s',
        ours: deliveries.ours.map(({ perSecond }) => perSecond),
        reference: { name: 'bare ws', values: deliveries.bare.map(({ perSecond }) => perSecond) },
        goal: { atLeast: 0.6 },
        notes: [`CPU ${micros(deliveries.ours)} µs for each message, bare ${micros(deliveries.bare)} µs`],
      },
      {
        name: 'memory for each subscriber',
        unit: 'bytes',
        ours: [ourClients.bytes],
        reference: { name: 'bare ws', values: [bareClients.bytes] },
        goal: { atMost: 2.5 },
        notes: [],
      },
    ]
    return rows
  },
}
