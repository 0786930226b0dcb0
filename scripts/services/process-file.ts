import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from './user-error.ts'

/**
 * When a process began, in whatever the system counts in; undefined when it is gone. With the process id
 * it names one process for good, where the id alone may have been given to another since.
 */
function startTimeOf(pid: number): string | undefined {
  try {
    // Field 22 of proc(5), counted behind the name, which may hold spaces and parentheses.
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

/** Writes down which process this is, for `livingProcess` to find it again. */
export function writeProcessFile(file: string, pid: number): void {
  writeFileSync(file, `${pid} ${startTimeOf(pid) ?? ''}\n`)
}

/** The process that the file names, if it still runs. */
export function runningProcess(file: string): number | undefined {
  const [pid, began] = readIfExists(file)?.trim().split(/ (.*)/) ?? []
  return began && startTimeOf(Number(pid)) === began ? Number(pid) : undefined
}

/** Stops what a killed owner left running: politely, and after 20 seconds for certain. */
export async function stopOrphan(file: string, signal: NodeJS.Signals): Promise<void> {
  const pid = runningProcess(file)
  if (pid !== undefined) {
    process.kill(pid, signal)
    const deadline = Date.now() + 20_000
    while (runningProcess(file) !== undefined) {
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
      await sleep(20)
    }
  }
  rmSync(file, { force: true })
}

/**
 * Makes this process the one owner of what the file stands for, until it gives it back or ends.
 * Refuses while another owner lives; takes over from one that does not.
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

/** A link either comes to be or finds the name taken, however many try at once. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the file of a dead owner, unless somebody living has replaced it in the meantime. */
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
