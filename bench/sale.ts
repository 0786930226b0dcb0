/** A whole sale: ten thousand buyers, five hundred seats, and how long it takes until everybody has an answer. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, BenchmarkContext } from './lib/benchmark.ts'
import { median, type Row } from './lib/results.ts'
import { cpuMicros, ROOT, runProgram, startProgram } from './lib/programs.ts'
import type { SaleTask, SaleResult } from './lib/sale.ts'
import { createEnvironment } from './lib/environment.ts'

const SALE = { buyers: 10_000, seats: 500, capacity: 200 }
/** It takes long, and every buyer is a measurement. */
const ROUNDS_MAX = 2

type MeasuredSale = SaleResult & { cpuSeconds: number }

export const sale: Benchmark = {
  name: 'sale',
  run: async ({ rounds, before, say }) => {
    const ours: MeasuredSale[] = []
    const theirs: MeasuredSale[] = []
    const past = before === undefined ? undefined : checkOut(before)
    for (let round = 0; round < Math.min(rounds, ROUNDS_MAX); round++) {
      if (past !== undefined) theirs.push(await measureSale(past, say))
      ours.push(await measureSale(ROOT, say))
    }
    if (past !== undefined) rmSync(past, { recursive: true })
    const row = (what: string, key: keyof SaleResult, notes: readonly string[] = []): Row => ({
      name: what,
      unit: 's',
      ours: ours.map((it) => it[key]),
      ...(theirs.length > 0 && {
        reference: { name: before ?? '', values: theirs.map((it) => it[key]) },
        goal: { atMost: 1 },
      }),
      notes,
    })
    const cpu = (list: readonly MeasuredSale[]): string =>
      median(list.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1)
    return [
      row('sold out', 'soldOutSeconds', [`oversold 0, overshoot 0, broken promises 0 (it stops at one)`]),
      row('everybody has an answer', 'answeredSeconds', [
        `CPU ${cpu(ours)} s of the server${theirs.length > 0 ? `, before ${cpu(theirs)} s` : ''}`,
      ]),
    ]
  },
}

/** A copy of an earlier commit, with today's packages and those that it had then. */
function checkOut(commit: string): string {
  const root = mkdtempSync(join(tmpdir(), 'stagedoor-before-'))
  const archive = execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['-x', '-C', root], { input: archive })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

/** One sale on stores and a server of its own. */
async function measureSale(root: string, say: BenchmarkContext['say']): Promise<MeasuredSale> {
  const stage = await createEnvironment(say, root)
  try {
    const server = await startProgram('src/main.ts', stage.env, root)
    const url = new URL(server.url).origin
    const task: SaleTask = { ...SALE, url, operatorToken: stage.operatorToken }
    const sold = await runProgram<SaleResult>('bench/lib/sale.ts', task)
    const cpuSeconds = cpuMicros(server.pid) / 1e6
    await server.stop()
    say(`sold out after ${sold.soldOutSeconds.toFixed(1)} s, over after ${sold.answeredSeconds.toFixed(1)} s`)
    return { ...sold, cpuSeconds }
  } finally {
    await stage.close()
  }
}
