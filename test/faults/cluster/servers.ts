import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { supervise, type SupervisedProcess } from '../../../scripts/services/supervise.ts'
import { clockOffsetEnv } from './clock.ts'
import { signalTo } from './processes.ts'
import type { Server, StartOptions } from './types.ts'

/** The directory with src/ and drizzle/, unless the cluster has another. */
export const OWN_ROOT = fileURLToPath(new URL('../../../', import.meta.url))

const TSX = import.meta.resolve('tsx')
const START_MS_MAX = 30_000

/** The command that runs `src/<name>.ts` of a root. */
export const commandFor = (root: string, name: 'main' | 'migrate'): string[] => [
  process.execPath,
  '--import',
  TSX,
  join(root, 'src', `${name}.ts`),
]

/** A server process, not started yet. */
export function createServer(options: {
  index: number
  root: string
  port: number
  clientPort: number
  logFile: string
  env: Record<string, string>
}): Server {
  const { index, root, port, clientPort, logFile, env } = options
  let supervised: SupervisedProcess | undefined
  let running = false
  let stopping = false
  let starting: Promise<void> | undefined

  async function start({ clockOffset, env: overrides }: StartOptions = {}): Promise<void> {
    if (running) return
    await supervised?.stop()
    const output = openSync(logFile, 'a', 0o600)
    const started = await supervise('TERM', commandFor(root, 'main'), {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        ...env,
        ...overrides,
        ...(clockOffset ? clockOffsetEnv(clockOffset) : {}),
      },
      output,
    })
    closeSync(output)
    supervised = started
    running = true
    stopping = false
    void started.ended.then(() => {
      if (supervised === started) running = false
    })
    await untilItListens()
  }

  async function untilItListens(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX
    while (!(await isLive(port))) {
      if (!running) throw new Error(`Server ${index} ended while it started: see ${logFile}`)
      if (Date.now() > deadline) throw new Error(`Server ${index} does not start: see ${logFile}`)
      await sleep(25)
    }
  }

  async function ended(): Promise<void> {
    await supervised?.ended
    running = false
  }

  return {
    index,
    url: `http://127.0.0.1:${clientPort}/graphql`,
    directUrl: `http://127.0.0.1:${port}/graphql`,
    logFile,
    get running() {
      return running
    },
    get stopping() {
      return stopping
    },
    get pid() {
      return supervised?.pid ?? 0
    },
    kill: (signal) => {
      if (!running) return
      signalTo(supervised?.pid ?? 0, signal)
      if (signal === 'SIGKILL') running = false
    },
    start: (wanted) => (starting ??= start(wanted).finally(() => (starting = undefined))),
    stop: async () => {
      stopping = true
      if (running) signalTo(supervised?.pid ?? 0, 'SIGCONT')
      await supervised?.stop()
      running = false
    },
    ended,
  }
}

async function isLive(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/live`, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    return false
  }
}
