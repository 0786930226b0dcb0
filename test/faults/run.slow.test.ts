import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from './checker/check.ts'
import { loadRun } from './checker/load-run.ts'
import { faults } from './faults/index.ts'
import { faultsNotInjected } from './report.ts'
import { run } from './run.ts'

const SEED = 3
/** It ends after every fault was injected once, two at a time: in about two minutes, or later on a slow machine. */
const SECONDS_MAX = 420

test('every invariant holds while every fault is injected once', { timeout: 720_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-faults-'))
  await run({
    seed: SEED,
    seconds: SECONDS_MAX,
    servers: 3,
    buyers: 40,
    faults,
    onceOnly: true,
    timing: { pauseMsMax: 1_500, concurrentShare: 1 },
    directory,
    onProgress: () => undefined,
  })
  const result = loadRun(directory)
  expect(result.settings.failures).toEqual([])
  expect(faultsNotInjected(result), 'faults that were never injected').toEqual([])
  const findings = check(result)
  const broken = findings.filter(({ violations }) => violations.length > 0)
  expect(broken, `the files are in ${directory}`).toEqual([])
  expect(
    findings
      .filter(({ facts, needsAllFaults = false }) => facts === 0 && !needsAllFaults)
      .map(({ name }) => name),
  ).toEqual([])
  rmSync(directory, { recursive: true, force: true })
})
