/** The CPU cost of ten thousand waiting users while ten are admitted each second: by push, and by polling every five seconds. */
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients } from './lib/clients.ts'
import type { Row } from './lib/results.ts'
import { documents } from './lib/documents.ts'
import { joinAll } from './lib/queue.ts'
import { cpuMicros, runProgram } from './lib/programs.ts'
import type { PollResult, PollTask } from './lib/polls.ts'

const WAITING = 10_000
const ADMITTED_PER_SECOND = 10
const POLL_SECONDS = 5

const POLL = '{ queueTicket { status { __typename ... on Waiting { position estimatedWaitSeconds } } } }'

export const idle: Benchmark = {
  name: 'idle',
  run: async ({ environment, rounds, seconds, log }) => {
    const server = await environment.startServer()
    const createQueue = async () => {
      const { concertId } = await environment.createConcert(server, { seatCount: 50, capacity: 1 })
      const subscribers = await joinAll(environment, server, concertId, WAITING)
      return { concertId, subscribers }
    }
    /** Admits users during an action. @returns the CPU time of the server, as a share of a core */
    const whileAdmitting = async (concertId: string, during: () => Promise<unknown>): Promise<number> => {
      const settings = { capacity: 1_000_000, ratePerSecond: ADMITTED_PER_SECOND }
      await environment.updateQueue(server, concertId, settings)
      await during() // warm
      const before = cpuMicros(server.pid)
      const began = performance.now()
      await during()
      const share = (cpuMicros(server.pid) - before) / ((performance.now() - began) * 1_000)
      await environment.updateQueue(server, concertId, { capacity: 1, ratePerSecond: null })
      return share
    }
    const duration = Math.max(POLL_SECONDS, 3 * seconds)
    const pushed: number[] = []
    const polled: number[] = []
    let messages = 0
    for (let round = 0; round < rounds; round++) {
      const push = await createQueue()
      const clients = await connectClients({
        url: server.url,
        query: documents.ticketChanges,
        subscribers: push.subscribers,
      })
      pushed.push(
        await whileAdmitting(push.concertId, async () => {
          await clients.received()
          await new Promise((over) => setTimeout(over, duration * 1_000))
          messages = (await clients.received()).messages / duration
        }),
      )
      await clients.close()
      const poll = await createQueue()
      polled.push(
        await whileAdmitting(poll.concertId, () =>
          runProgram<PollResult>('bench/lib/polls.ts', {
            url: server.url,
            query: POLL,
            everySeconds: POLL_SECONDS,
            seconds: duration,
            subscribers: poll.subscribers,
          } satisfies PollTask),
        ),
      )
      log(
        `round ${round + 1}: push ${pushed.at(-1)?.toFixed(3)}, polls ${polled.at(-1)?.toFixed(3)} of a core`,
      )
    }
    await server.stop()
    const row: Row = {
      name: 'CPU of the server, 10,000 waiting',
      unit: 'of a core',
      ours: pushed,
      reference: { name: `polled every ${POLL_SECONDS} s`, values: polled },
      goal: { atMost: 0.1 },
      notes: [`${Math.round(messages)} messages a second`],
    }
    return [row]
  },
}
