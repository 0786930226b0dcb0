/** Shows how a sale goes: a bar that is drawn again on a terminal, a line every few seconds anywhere else. */
import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Progress } from './sale.ts'

const BAR_WIDTH = 24
const EVERY_MS = { terminal: 200, elsewhere: 5_000 }

export interface ProgressDisplay {
  show: (stage: Progress) => void
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
  const timer = setInterval(write, out.isTTY ? EVERY_MS.terminal : EVERY_MS.elsewhere)
  const finish = (): void => {
    write()
    if (current && out.isTTY) out.write('\n')
  }
  return {
    show: (stage) => {
      finish()
      current = stage
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

function lineOf({ name, done, total, stats: figures }: Progress): string {
  const head = `${name}: ${done()}/${total}`
  const errors = sum(figures.errors)
  if (name !== 'on sale') return `${head}  errors ${errors}`
  const inside = figures.count('choosing') + figures.count('holding')
  return `${head}  waiting ${figures.count('waiting')}  admitted ${inside}  holding ${figures.count('holding')}  paid ${figures.count('paid')}  refused ${sum(figures.refusals)}  errors ${errors}`
}

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0)
