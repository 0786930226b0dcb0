import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from './checker/check.ts'
import { loadRun } from './checker/load.ts'
import { faults } from './faults/index.ts'
import { misfits } from './mutants/plant.ts'
import { run } from './run.ts'

const SEED = 3
/** Every fault comes once in that time, two at a time; a slow machine brings fewer of them. */
const SECONDS = 120

test('every invariant holds while everything fails once', { timeout: 360_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-faults-'))
  await run({
    seed: SEED,
    seconds: SECONDS,
    servers: 3,
    buyers: 40,
    faults,
    onceOnly: true,
    pace: { pauseMsMax: 1_500, together: 1 },
    directory,
    say: () => undefined,
  })
  const findings = check(loadRun(directory))
  const broken = findings.filter(({ violations }) => violations.length > 0)
  expect(broken, `the files are in ${directory}`).toEqual([])
  expect(findings.filter(({ facts }) => facts === 0).map(({ name }) => name)).toEqual([])
  rmSync(directory, { recursive: true, force: true })
})

test('every planted bug still fits the code', () => {
  expect(misfits()).toEqual([])
})
