import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DataDir } from './data-dir.ts'
import { stopOrphan, writeProcessFile } from './process-file.ts'
import { UserError } from './user-error.ts'

export interface Service {
  url: string
  port: number
  pid: number
  stop: () => Promise<void>
}

/**
 * Runs a command that ends with this process, however this process ends: file 0 is a pipe whose other end only this process
 * holds, and when that closes, the shell sends the signal. The shell writes the command's process id to file 3. It stays
 * the command's parent and waits for its children, because a container may have no init process.
 */
const SUPERVISOR = `
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
command=$!
echo $command >&3
exec 3>&-
{ read -r _; kill -s "$0" $command; } <&4 2>/dev/null &
watcher=$!
exec 4<&-
wait $command
code=$?
{ kill $watcher; wait $watcher; } 2>/dev/null
exit $code`

export interface SupervisedProcess {
  /** Of the command, not of its supervisor. */
  pid: number
  /** The exit code: 128 and the signal's number, if a signal ended it. */
  ended: Promise<number>
  /** Sends the signal, waits, and after 20 seconds kills it. */
  stop: () => Promise<void>
}

/** Starts a supervised command in a session of its own, so that Ctrl-C reaches only this process. */
export async function supervise(
  signal: 'INT' | 'TERM',
  command: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; output: number | 'inherit'; uid?: number; gid?: number },
): Promise<SupervisedProcess> {
  const { output, ...rest } = options
  const stdio: StdioOptions = ['pipe', output, output, 'pipe']
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, signal, ...command], {
    ...rest,
    stdio,
    detached: true,
  })
  const ended = new Promise<number>((resolve) => supervisor.once('exit', (code) => resolve(code ?? 137)))
  await once(supervisor, 'spawn')
  const [line] = (await once(supervisor.stdio[3] as Readable, 'data')) as [Buffer]

  const stop = async () => {
    supervisor.stdin?.destroy()
    const timer = setTimeout(() => process.kill(-(supervisor.pid ?? 0), 'SIGKILL'), 20_000)
    await ended
    clearTimeout(timer)
  }
  return { pid: Number(line.toString()), ended, stop }
}

interface LaunchOptions {
  name: string
  signal: 'INT' | 'TERM'
  /** Sent to one that an earlier process left running, if `signal` has not ended it. By default, SIGKILL. */
  forceSignal?: NodeJS.Signals
  command: string[]
  cwd: string
  isReady: () => boolean | Promise<boolean>
}

/**
 * Starts a service in the data directory and waits until it is ready. One that an earlier process left running is stopped
 * first. Its output goes to `<name>.log`. @throws UserError with the end of the log
 */
export async function launch(
  dataDir: DataDir,
  { name, signal, forceSignal = 'SIGKILL', command, cwd, isReady }: LaunchOptions,
) {
  const processFile = join(dataDir.path, `${name}.process`)
  await stopOrphan(processFile, `SIG${signal}`, forceSignal)

  const log = join(dataDir.path, `${name}.log`)
  const output = openSync(log, 'w', 0o600)
  const { pid, ended, stop } = await supervise(signal, command, {
    cwd,
    env: serviceEnv(cwd),
    output,
    ...dataDir.account,
  })
  closeSync(output)
  writeProcessFile(processFile, pid)

  const deadline = Date.now() + 60_000
  while (!(await isReady())) {
    const code = await Promise.race([ended, sleep(15)])
    if (code !== undefined || Date.now() > deadline) {
      await stop()
      throw new UserError(`${name} did not start. The end of ${log}:\n${lastLines(log)}`)
    }
  }
  return { pid, stop }
}

/** A clean environment: variables like PGDATA or LANG change what PostgreSQL does. */
export function serviceEnv(home: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: home }
}

/** The last few lines of a log, indented. */
function lastLines(file: string, count = 5): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count)
  return lines.map((line) => `  ${line}`).join('\n')
}
