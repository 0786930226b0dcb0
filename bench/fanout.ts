/** How fast ten thousand listeners on one server are told something, beside a bare `ws` that sends the same bytes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients, nowMicros, type Clients } from './lib/clients.ts'
import { median, type Row } from './lib/results.ts'
import { joinAll } from './lib/queue.ts'
import { cpuMicros, residentBytes, startProgram, type Program } from './lib/programs.ts'

const LISTENERS = 10_000
/** So many of those in front are let in at a time: everybody behind moves by more than a tenth, and is told at once. */
const ADMITTED_PER_ROUND = 3_000

const WATCH = 'subscription { queueStatus { ... on Waiting { position estimatedWaitSeconds } } }'
/** A message as everybody gets it. */
const MESSAGE =
  '{"id":"1","type":"next","payload":{"data":{"queueStatus":{"position":12345,"estimatedWaitSeconds":null}}}}'

const COLLECT_ENV = { NODE_OPTIONS: '--require ./bench/lib/collect.cjs' }

interface Delivery {
  /** From the first message to the last one: when they are sent is a matter of pace, not of speed. */
  perSecond: number
  /** Microseconds of the server's CPU for each message. */
  cpu: number
}

export const fanout: Benchmark = {
  name: 'fanout',
  run: async ({ environment: stage, rounds, say }) => {
    const ours = await stage.startServer(COLLECT_ENV)
    const bare = await startProgram('bench/reference/bare-ws.ts', { ...COLLECT_ENV, MESSAGE })
    const { concertId } = await stage.createConcert(ours, { seatCount: 50, capacity: 1 })
    const line = await joinAll(
      stage,
      ours,
      concertId,
      1 + rounds * ADMITTED_PER_ROUND + ADMITTED_PER_ROUND + LISTENERS,
    )
    const listeners = line.slice(-LISTENERS)

    const settled = async ({ pid }: Program): Promise<number> => {
      for (let times = 0; times < 2; times++) {
        process.kill(pid, 'SIGWINCH')
        await sleep(1_000)
      }
      return residentBytes(pid)
    }
    const join = async (
      program: Program,
      query: string | null,
    ): Promise<{ crowd: Clients; bytes: number }> => {
      const before = await settled(program)
      const crowd = await connectClients({ url: program.url, query, subscribers: listeners })
      return { crowd, bytes: ((await settled(program)) - before) / LISTENERS }
    }
    const ourCrowd = await join(ours, WATCH)
    const bareCrowd = await join(bare, null)
    say(`${Math.round(ourCrowd.bytes)} and ${Math.round(bareCrowd.bytes)} bytes for each`)

    const tell = async (
      program: Program,
      crowd: Clients,
      start: () => Promise<unknown>,
    ): Promise<Delivery> => {
      await crowd.received()
      const before = cpuMicros(program.pid)
      const began = nowMicros()
      await start()
      let messages = 0
      let firstAt = 0
      let lastAt = 0
      while (messages < LISTENERS) {
        await sleep(100)
        const heard = await crowd.received()
        messages += heard.messages
        firstAt ||= heard.firstAt
        lastAt = Math.max(lastAt, heard.lastAt)
        if (nowMicros() - began > 20e6) throw new Error(`${messages} of ${LISTENERS} messages came`)
      }
      const cpu = (cpuMicros(program.pid) - before) / messages
      return { perSecond: (messages / (lastAt - firstAt)) * 1e6, cpu }
    }
    let capacity = 1
    const told: { ours: Delivery[]; bare: Delivery[] } = { ours: [], bare: [] }
    for (let round = -1; round < rounds; round++) {
      capacity += ADMITTED_PER_ROUND
      const mine = await tell(ours, ourCrowd.crowd, () => stage.updateQueue(ours, concertId, { capacity }))
      const theirs = await tell(bare, bareCrowd.crowd, () => fetch(bare.url))
      if (round < 0) continue // warm
      told.ours.push(mine)
      told.bare.push(theirs)
      say(`round ${round + 1}: ${Math.round(mine.perSecond)} and ${Math.round(theirs.perSecond)} a second`)
    }
    await Promise.all([ourCrowd.crowd.close(), bareCrowd.crowd.close()])
    await Promise.all([ours.stop(), bare.stop()])
    const micros = (list: readonly Delivery[]): string => median(list.map(({ cpu }) => cpu)).toFixed(0)
    const rows: Row[] = [
      {
        name: 'everybody’s position changes, 10,000 listeners',
        unit: 'messages/s',
        ours: told.ours.map(({ perSecond }) => perSecond),
        reference: { name: 'bare ws', values: told.bare.map(({ perSecond }) => perSecond) },
        goal: { atLeast: 0.6 },
        notes: [`CPU ${micros(told.ours)} µs for each message, bare ${micros(told.bare)} µs`],
      },
      {
        name: 'memory for each listener',
        unit: 'bytes',
        ours: [ourCrowd.bytes],
        reference: { name: 'bare ws', values: [bareCrowd.bytes] },
        goal: { atMost: 2.5 },
        notes: [],
      },
    ]
    return rows
  },
}
