/**
 * The fault run: `node --import tsx test/faults/main.ts --seed N --minutes M [--servers 3] [--buyers 40]
 * [--faults a,b] [--root <another copy of the project>]`. `--check <directory>` only checks the files of an
 * earlier run once more.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { check } from './checker/check.ts'
import { loadRun } from './checker/load-run.ts'
import { faults } from './faults/index.ts'
import { isPassed, printReport } from './report.ts'
import { run } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    minutes: { type: 'string', default: '2' },
    servers: { type: 'string', default: '3' },
    buyers: { type: 'string', default: '40' },
    faults: { type: 'string' },
    directory: { type: 'string' },
    root: { type: 'string' },
    check: { type: 'string' },
  },
})

/** From these lengths on, every check has facts, and every fault is injected, one after another. */
const MINUTES_FOR_CHECKS = 1.5
const MINUTES_FOR_FAULTS = 6

const seed = Number(values.seed)
const minutes = Number(values.minutes)
const servers = Number(values.servers)
const directory =
  values.check ?? values.directory ?? join(tmpdir(), `stagedoor-faults-${seed}-${process.pid}`)
const wanted = values.faults?.split(',').map((name) => name.trim().toLowerCase())
const chosen = wanted
  ? faults.filter(({ name }) => wanted.some((part) => name.toLowerCase().includes(part)))
  : faults
const command =
  `npm run faults -- --seed ${seed} --minutes ${minutes} --servers ${servers} --buyers ${values.buyers}` +
  (values.faults === undefined ? '' : ` --faults ${JSON.stringify(values.faults)}`)

if (values.check === undefined) {
  console.log(`seed ${seed}; to run it again: ${command}`)
  console.log(`files: ${directory}`)
  await run({
    seed,
    seconds: minutes * 60,
    servers,
    buyers: Number(values.buyers),
    faults: chosen,
    directory,
    ...(values.root === undefined ? {} : { root: values.root }),
    onProgress: (line) => console.log(line),
  })
}
const loaded = loadRun(directory)
const findings = check(loaded)
const full = values.check === undefined && values.faults === undefined
printReport(loaded, findings)
const passed = isPassed(loaded, findings, {
  everyCheck: full && minutes >= MINUTES_FOR_CHECKS,
  everyFault: full && minutes >= MINUTES_FOR_FAULTS,
})
console.log(passed ? 'sound' : `NOT SOUND. The files are in ${directory}; to run it again: ${command}`)
if (passed && values.check === undefined && values.directory === undefined) {
  rmSync(directory, { recursive: true, force: true })
}
process.exitCode = passed ? 0 : 1
