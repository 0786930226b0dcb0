/** A whole sale with ten thousand buyers and five hundred seats: the time until it is sold out, and until all buyers are done. */
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
/** A round takes long, and has ten thousand measurements. */
const ROUNDS_MAX = 2

type MeasuredSale = SaleResult & { cpuSeconds: number }

export const sale: Benchmark = {
  name: 'sale',
  run: async ({ rounds, before, log }) => {
    const ours: MeasuredSale[] = []
    const theirs: MeasuredSale[] = []
    const earlier = before === undefined ? undefined : checkOut(before)
    for (let round = 0; round < Math.min(rounds, ROUNDS_MAX); round++) {
      if (earlier !== undefined) theirs.push(await measureSale(earlier, log))
      ours.push(await measureSale(ROOT, log))
    }
    if (earlier !== undefined) rmSync(earlier, { recursive: true })
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
      row('sold out', 'soldOutSeconds', [`oversold 0, overshoot 0, lost 0 (a finding ends the benchmark)`]),
      row('all buyers are done', 'completedSeconds', [
        `CPU ${cpu(ours)} s of the server${theirs.length > 0 ? `, before ${cpu(theirs)} s` : ''}`,
      ]),
    ]
  },
}

/** A working tree of an earlier commit, with the packages of this one. Its API has to be the one of today. */
function checkOut(commit: string): string {
  const root = mkdtempSync(join(tmpdir(), 'stagedoor-before-'))
  const archive = execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['-x', '-C', root], { input: archive })
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

/** A sale on stores and a server of its own. */
async function measureSale(root: string, log: BenchmarkContext['log']): Promise<MeasuredSale> {
  const environment = await createEnvironment(log, root)
  try {
    const server = await startProgram('src/main.ts', environment.env, root)
    const url = new URL(server.url).origin
    const task: SaleTask = { ...SALE, url, operatorToken: environment.operatorToken }
    const result = await runProgram<SaleResult>('bench/lib/sale.ts', task)
    const cpuSeconds = cpuMicros(server.pid) / 1e6
    await server.stop()
    log(
      `sold out after ${result.soldOutSeconds.toFixed(1)} s, complete after ${result.completedSeconds.toFixed(1)} s`,
    )
    return { ...result, cpuSeconds }
  } finally {
    await environment.close()
  }
}
