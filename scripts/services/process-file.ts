import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from './user-error.ts'

/**
 * The start time of a process, in units of the system; undefined: it has ended. With the process id it identifies one
 * process: the id alone may be reused.
 */
function startTimeOf(pid: number): string | undefined {
  try {
    // Field 22 of proc(5), counted after the name, which may contain spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    if (process.platform === 'linux') return undefined
  }
  try {
    return (
      execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    )
  } catch {
    return undefined
  }
}

/** Records a process for `runningProcess`. */
export function writeProcessFile(file: string, pid: number): void {
  writeFileSync(file, `${pid} ${startTimeOf(pid) ?? ''}\n`)
}

/** The recorded process, if it still runs. */
export function runningProcess(file: string): number | undefined {
  const [pid, began] = readIfExists(file)?.trim().split(/ (.*)/) ?? []
  return began && startTimeOf(Number(pid)) === began ? Number(pid) : undefined
}

/** Stops a process that its killed parent left running: by the signal, and after 20 seconds by `forceSignal`. */
export async function stopOrphan(
  file: string,
  signal: NodeJS.Signals,
  forceSignal: NodeJS.Signals,
): Promise<void> {
  const pid = runningProcess(file)
  if (pid !== undefined) {
    process.kill(pid, signal)
    const deadline = Date.now() + 20_000
    while (runningProcess(file) !== undefined) {
      if (Date.now() > deadline) process.kill(pid, forceSignal)
      await sleep(20)
    }
  }
  rmSync(file, { force: true })
}

/**
 * Takes the lock `file` for this process; a lock whose process has ended is taken over.
 * @param what is locked, for the message
 * @returns what releases it
 * @throws UserError while another process has it
 */
export function acquireLock(file: string, what: string): () => void {
  const mine = `${file}.${process.pid}`
  writeProcessFile(mine, process.pid)
  try {
    while (!tryLink(mine, file)) {
      const holder = runningProcess(file)
      if (holder !== undefined)
        throw new UserError(`${what} is already in use, by process ${holder}. Stop it first.`)
      removeStaleLock(file, readIfExists(file))
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => rmSync(file, { force: true })
}

/** Creating a link is atomic: of several processes one succeeds. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of an ended process, unless another process has replaced it meanwhile. */
function removeStaleLock(file: string, stale: string | undefined): void {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readIfExists(aside) !== stale) tryLink(aside, file)
  rmSync(aside)
}

function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
