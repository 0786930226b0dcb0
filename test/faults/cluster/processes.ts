import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Sends a signal, unless the process has ended. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The child processes that still run. */
export function childrenOf(pid: number): number[] {
  return parents()
    .filter(({ parent }) => parent === pid)
    .map(({ child }) => child)
}

function parents(): { child: number; parent: number }[] {
  if (!existsSync('/proc/self/stat')) {
    const lines = execFileSync('/bin/ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return lines.map((line) => {
      const [child, parent] = line.trim().split(/ +/)
      return { child: Number(child), parent: Number(parent) }
    })
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // Field 4 of proc(5), counted after the name, which may contain spaces and parentheses.
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        return [{ child: Number(name), parent: Number(stat.split(') ').at(-1)?.split(' ')[1]) }]
      } catch {
        return [] // it has just ended
      }
    })
}

/** The resident memory of a process, in bytes; Linux only. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) * 1024
}
