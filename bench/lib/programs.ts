/** Measured programs, each in a process of its own. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface Program {
  url: string
  pid: number
  stop(): Promise<void>
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const START_MS_MAX = 30_000
const children = new Set<ChildProcess>()

/** No child outlives the benchmark. */
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))

function launch(path: string, env: Record<string, string>, input: 'ignore' | 'pipe', root: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: [input, input === 'pipe' ? 'pipe' : 'ignore', 'inherit'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/**
 * Starts a server on a free port, which it gets as PORT, and waits until it responds.
 * @param path from the root
 * @param root the working tree: this one, or that of an earlier commit
 */
export async function startProgram(
  path: string,
  env: Record<string, string> = {},
  root = ROOT,
): Promise<Program> {
  const port = await freePort()
  const child = launch(path, { ...env, PORT: String(port) }, 'ignore', root)
  const url = `http://127.0.0.1:${port}/graphql`
  const deadline = Date.now() + START_MS_MAX
  while (
    !(await fetch(url).then(
      (it) => it.arrayBuffer(),
      () => null,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`${path} ended with ${child.exitCode} while it started`)
    if (Date.now() > deadline) throw new Error(`${path} does not start`)
    await sleep(50)
  }
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Runs a program to its end. It reads its task from stdin and writes its result to stdout, as JSON. */
export async function runProgram<Result>(path: string, task: unknown): Promise<Result> {
  const child = launch(path, {}, 'pipe', ROOT)
  child.stdin?.end(JSON.stringify(task))
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${path} ended with ${code}`)
  return JSON.parse(text) as Result
}

/** The task from `runProgram`. */
export async function readTask<Task>(): Promise<Task> {
  let text = ''
  for await (const part of process.stdin.setEncoding('utf8')) text += part as string
  return JSON.parse(text) as Task
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString())

/** The CPU time that a process has used so far, in microseconds: proc(5), utime and stime. */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND) * 1e6
}

/** The memory that a process has in use, in bytes: proc(5), VmRSS. */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
