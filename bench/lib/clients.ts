/** Very many people who listen, in a process of their own: how a benchmark opens it and hears of it. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What one of the crowd listens with. */
export interface Subscriber {
  authorization: string
  queueToken: string
}

export interface ClientsTask {
  url: string
  /** The subscription; it gets no variables. A bare server has none: it is only connected to. */
  query: string | null
  subscribers: Subscriber[]
}

/** What the crowd says when it is asked. Moments are microseconds of the machine's monotonic clock. */
export interface Received {
  messages: number
  /** When the first and the last message came; 0: none. */
  firstAt: number
  lastAt: number
}

export interface Clients {
  /** What came since it was asked the last time. */
  received(): Promise<Received>
  /** Resolves when this one has heard that it is their turn. @returns when that was */
  admission(index: number): Promise<number>
  close(): Promise<void>
}

/** The same clock in all processes. */
export const nowMicros = (): number => Number(process.hrtime.bigint() / 1000n)

const ADMISSION_MS_MAX = 10_000

/** Resolves when everybody is connected, and has heard something if they subscribe. */
export async function connectClients(task: ClientsTask): Promise<Clients> {
  const child = fork(fileURLToPath(new URL('clients-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--max-old-space-size=4096'],
    env: { PATH: process.env.PATH },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  child.send(task)
  await replyOf(child)
  return {
    received: () => call<Received>(child, 'heard'),
    admission: async (index) => {
      const answer = call<number>(child, index)
      const timer = setTimeout(() => child.kill('SIGKILL'), ADMISSION_MS_MAX)
      return answer.finally(() => clearTimeout(timer))
    },
    close: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function call<Answer>(child: ChildProcess, question: string | number): Promise<Answer> {
  const answer = replyOf<Answer>(child)
  child.send(question)
  return answer
}

async function replyOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = new AbortController()
  const fail = (): void => ended.abort(new Error('the crowd has ended'))
  child.once('exit', fail)
  try {
    const [answer] = (await once(child, 'message', { signal: ended.signal })) as [Answer]
    return answer
  } finally {
    child.off('exit', fail)
  }
}
