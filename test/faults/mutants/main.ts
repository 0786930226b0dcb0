/**
 * Plants one bug after the other and sees whether the checker finds it:
 * `node --import tsx test/faults/mutants/main.ts [--seed N] [--only part of a name] [--tries 3]
 * [--shard 1/2] [--root <another copy of the project>] [--verbose]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { check, type Finding } from '../checker/check.ts'
import { loadRun } from '../checker/load-run.ts'
import { faults } from '../faults/index.ts'
import { run } from '../run.ts'
import { staleMutants, mutants, OWN_ROOT, plant } from './plant.ts'
import type { Mutant } from './types.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    /** The first of two halves, for example: they may run at the same time. */
    shard: { type: 'string', default: '1/1' },
    tries: { type: 'string', default: '3' },
    verbose: { type: 'boolean', default: false },
    /** Another copy of the project. */
    root: { type: 'string', default: OWN_ROOT },
  },
})

const SERVERS = 2
const BUYERS = 50
const SECONDS = 15
const PAUSE_MS_MAX = 2_000

/** Runs with the bug in it. @returns what the checker says */
async function runMutant(mutant: Mutant, seed: number): Promise<Finding[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-mutant-'))
  const root = join(directory, 'project')
  try {
    plant(mutant, root, values.root)
    await run({
      seed,
      seconds: mutant.seconds ?? SECONDS,
      servers: SERVERS,
      buyers: BUYERS,
      faults: faults.filter(({ name }) => mutant.faults?.some((part) => name.includes(part))),
      timing: { pauseMsMax: mutant.pauseMsMax ?? PAUSE_MS_MAX, concurrentShare: 0 },
      finalChecks: mutant.finalChecks ?? false,
      ...(mutant.env ? { env: mutant.env } : {}),
      directory: join(directory, 'run'),
      root,
      onProgress: (line) => values.verbose && console.log(line),
    })
    return check(loadRun(join(directory, 'run')))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Chance may miss it once. @returns the invariants that were seen broken */
async function findMutant(mutant: Mutant): Promise<{ broken: Finding[]; caught: boolean }> {
  let broken: Finding[] = []
  for (let attempt = 0; attempt < Number(values.tries); attempt++) {
    const findings = await runMutant(mutant, Number(values.seed) + attempt)
    broken = findings.filter(({ violations }) => violations.length > 0)
    if (broken.some(({ invariant }) => mutant.expect.includes(invariant))) return { broken, caught: true }
  }
  return { broken, caught: false }
}

const stale = staleMutants(values.root)
for (const misfit of stale) console.log(misfit)
const [shard = 1, shards = 1] = values.shard.split('/').map(Number)
const chosen = mutants
  .filter(({ name }) => name.includes(values.only))
  .filter((_, index) => index % shards === shard - 1)
let undetected = stale.length
console.log(`${'planted bug'.padEnd(52)} expected    found by`)
for (const mutant of chosen) {
  const { broken, caught } = await findMutant(mutant).catch((error: unknown) => {
    console.log(String(error))
    return { broken: [], caught: false }
  })
  if (!caught) undetected += 1
  const found = [...new Set(broken.map(({ invariant }) => invariant))].join(', ')
  const summary = caught ? found : `LIVES${found === '' ? '' : ` (${found})`}`
  console.log(`${mutant.name.padEnd(52)} ${mutant.expect.join(', ').padEnd(11)} ${summary}`)
  const [first] = broken.flatMap(({ violations }) => violations)
  if (values.verbose && first !== undefined) console.log(`   ${first}`)
}
console.log(
  undetected === 0 ? `all ${chosen.length} were caught` : `${undetected} live: the checker has a hole`,
)
process.exitCode = undetected === 0 ? 0 : 1
