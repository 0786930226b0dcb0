/** Thousands of subscribers in a process of their own, and how a benchmark controls it. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The credentials of a subscriber. */
export interface Subscriber {
  accessToken: string
  queueToken: string
}

export interface ClientsTask {
  url: string
  /** The subscription, without variables; null: a bare server, which is only connected to. */
  query: string | null
  subscribers: Subscriber[]
}

/** The messages since the last report. Times are microseconds of the machine's monotonic clock. */
export interface Received {
  messages: number
  /** Times of the first and the last message; 0: there was none. */
  firstAt: number
  lastAt: number
}

export interface Clients {
  /** The messages since the last call. */
  received(): Promise<Received>
  /** Resolves when the subscriber with this index is admitted. @returns the time of the message, in microseconds */
  admission(index: number): Promise<number>
  close(): Promise<void>
}

/** The same clock in all processes. */
export const nowMicros = (): number => Number(process.hrtime.bigint() / 1000n)

const ADMISSION_MS_MAX = 10_000

/** Resolves when all are connected and, if they subscribe, have received a message. */
export async function connectClients(task: ClientsTask): Promise<Clients> {
  const child = fork(fileURLToPath(new URL('clients-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--max-old-space-size=4096'],
    env: { PATH: process.env.PATH },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  child.send(task)
  await replyOf(child)
  return {
    received: () => call<Received>(child, 'received'),
    admission: async (index) => {
      const reply = call<number>(child, index)
      const timer = setTimeout(() => child.kill('SIGKILL'), ADMISSION_MS_MAX)
      return reply.finally(() => clearTimeout(timer))
    },
    close: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function call<Reply>(child: ChildProcess, request: string | number): Promise<Reply> {
  const reply = replyOf<Reply>(child)
  child.send(request)
  return reply
}

async function replyOf<Reply>(child: ChildProcess): Promise<Reply> {
  const ended = new AbortController()
  const fail = (): void => ended.abort(new Error('the process of the subscribers has ended'))
  child.once('exit', fail)
  try {
    const [reply] = (await once(child, 'message', { signal: ended.signal })) as [Reply]
    return reply
  } finally {
    child.off('exit', fail)
  }
}
