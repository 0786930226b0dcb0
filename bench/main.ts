/** `npm run bench -- [names] [--quick] [--before COMMIT] [--json FILE] [--write]`: see docs/performance.md. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { aging } from './aging.ts'
import { fanout } from './fanout.ts'
import { http } from './http.ts'
import { idle } from './idle.ts'
import { purchase } from './purchase.ts'
import { push } from './push.ts'
import { queue } from './queue.ts'
import { sale } from './sale.ts'
import { writes } from './writes.ts'
import { summarize, markdownTable, type Summary } from './lib/results.ts'
import type { Benchmark } from './lib/benchmark.ts'
import { createEnvironment } from './lib/environment.ts'

const BENCHMARKS: Benchmark[] = [http, writes, purchase, sale, fanout, push, idle, queue, aging]
const PAGE = new URL('../docs/performance.md', import.meta.url)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    before: { type: 'string' },
    json: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !BENCHMARKS.some((it) => it.name === name))
if (unknown.length > 0) {
  console.error(
    `Unknown benchmark ${unknown.join(', ')}. Known: ${BENCHMARKS.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(1)
}
const log = (line: string): void => console.error(line)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

// Many short rounds: a disturbance of one of them does not change the median.
const pace = values.quick ? { rounds: 3, seconds: 2 } : { rounds: 7, seconds: 3 }
const machine = machineOf()
log(machine)
const results: { name: string; rows: Summary[] }[] = []
for (const { name, run } of BENCHMARKS) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  log(`\n${name}`)
  const environment = await createEnvironment(log)
  try {
    const rows = await run({ ...pace, quick: values.quick, environment, before: values.before, log })
    results.push({ name, rows: rows.map(summarize) })
  } finally {
    await environment.close()
  }
  console.log(`\n### ${name}\n\n${markdownTable(results.at(-1)?.rows ?? [])}`)
  if (values.write) writePage()
}
if (values.json) writeFileSync(values.json, JSON.stringify({ machine, results }, undefined, 2))
process.exit()

/** Replaces the earlier results in docs/performance.md. */
function writePage(): void {
  let page = readFileSync(PAGE, 'utf8')
  for (const { name, rows } of results) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before = '', rest = ''] = page.split(begin)
    const after = rest.split(end)[1]
    if (after === undefined) throw new Error(`docs/performance.md has no marker for ${name}`)
    page = `${before}${begin}\n\n${machine}\n\n${markdownTable(rows)}\n\n${end}${after}`
  }
  writeFileSync(PAGE, page)
}

function machineOf(): string {
  const version = (command: string, ...args: string[]): string =>
    /\d+\.\d+(\.\d+)?/.exec(execFileSync(command, args).toString())?.[0] ?? ''
  const date = new Date().toISOString().slice(0, 10)
  const load = loadavg()[0]?.toFixed(1) ?? ''
  return [
    `Measured on ${date}: ${cpus().length} × ${cpus()[0]?.model.trim() ?? ''}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    `PostgreSQL ${version('postgres', '--version')}, Redis ${version('redis-server', '--version')}`,
    `load average ${load} before it began.`,
  ].join(', ')
}
