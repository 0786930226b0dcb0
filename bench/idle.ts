/** What ten thousand waiting buyers cost while ten are let in each second: told by push, and asking every five seconds. */
import type { Benchmark } from './lib/benchmark.ts'
import { connectClients } from './lib/clients.ts'
import type { Row } from './lib/results.ts'
import { joinAll } from './lib/queue.ts'
import { cpuMicros, runProgram } from './lib/programs.ts'
import type { PollResult, PollTask } from './lib/polls.ts'

const WAITING = 10_000
const ADMITTED_PER_SECOND = 10
const POLL_SECONDS = 5

const STATUS = '__typename ... on Waiting { position estimatedWaitSeconds }'
const WATCH = `subscription { queueStatus { ${STATUS} } }`
const POLL = `{ queueTicket { status { ${STATUS} } } }`

export const idle: Benchmark = {
  name: 'idle',
  run: async ({ environment: stage, rounds, seconds, say }) => {
    const server = await stage.startServer()
    const lineOf = async () => {
      const { concertId } = await stage.createConcert(server, { seatCount: 50, capacity: 1 })
      const line = await joinAll(stage, server, concertId, WAITING)
      return { concertId, line }
    }
    /** Lets people in while something goes on. @returns the server's CPU, as a share of a core */
    const whileAdmitting = async (concertId: string, during: () => Promise<unknown>): Promise<number> => {
      const settings = { capacity: 1_000_000, ratePerSecond: ADMITTED_PER_SECOND }
      await stage.updateQueue(server, concertId, settings)
      await during() // warm
      const before = cpuMicros(server.pid)
      const began = performance.now()
      await during()
      const share = (cpuMicros(server.pid) - before) / ((performance.now() - began) * 1_000)
      await stage.updateQueue(server, concertId, { capacity: 1, ratePerSecond: null })
      return share
    }
    const duration = Math.max(POLL_SECONDS, 3 * seconds)
    const pushed: number[] = []
    const polled: number[] = []
    let messages = 0
    for (let round = 0; round < rounds; round++) {
      const listening = await lineOf()
      const crowd = await connectClients({ url: server.url, query: WATCH, subscribers: listening.line })
      pushed.push(
        await whileAdmitting(listening.concertId, async () => {
          await crowd.received()
          await new Promise((over) => setTimeout(over, duration * 1_000))
          messages = (await crowd.received()).messages / duration
        }),
      )
      await crowd.close()
      const asking = await lineOf()
      polled.push(
        await whileAdmitting(asking.concertId, () =>
          runProgram<PollResult>('bench/lib/polls.ts', {
            url: server.url,
            query: POLL,
            everySeconds: POLL_SECONDS,
            seconds: duration,
            subscribers: asking.line,
          } satisfies PollTask),
        ),
      )
      say(
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
