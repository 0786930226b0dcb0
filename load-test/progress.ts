/** Progress of a sale: a bar on a terminal, otherwise a line every few seconds. */
import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Progress } from './sale.ts'

const BAR_WIDTH = 24
const INTERVAL_MS = { terminal: 200, other: 5_000 }

export interface ProgressDisplay {
  show: (progress: Progress) => void
  stop: () => void
}

export function startProgress(out: WriteStream): ProgressDisplay {
  let current: Progress | undefined
  const write = (): void => {
    if (!current) return
    if (!out.isTTY) {
      out.write(`${lineOf(current)}\n`)
      return
    }
    cursorTo(out, 0)
    out.write(`${bar(current)} ${lineOf(current)}`.slice(0, out.columns - 1))
    clearLine(out, 1)
  }
  const timer = setInterval(write, out.isTTY ? INTERVAL_MS.terminal : INTERVAL_MS.other)
  const finish = (): void => {
    write()
    if (current && out.isTTY) out.write('\n')
  }
  return {
    show: (progress) => {
      finish()
      current = progress
    },
    stop: () => {
      clearInterval(timer)
      finish()
    },
  }
}

function bar({ done, total }: Progress): string {
  const filled = Math.round(BAR_WIDTH * (total === 0 ? 1 : done() / total))
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
}

function lineOf({ name, done, total, stats }: Progress): string {
  const head = `${name}: ${done()}/${total}`
  const errors = sum(stats.errors)
  if (name !== 'on sale') return `${head}  errors ${errors}`
  const admitted = stats.count('choosing') + stats.count('holding')
  return `${head}  waiting ${stats.count('waiting')}  admitted ${admitted}  holding ${stats.count('holding')}  paid ${stats.count('paid')}  refused ${sum(stats.refusals)}  errors ${errors}`
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0)
