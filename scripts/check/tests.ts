import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { supervise } from '../services/supervise.ts'

interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/** The result of a run. A failure outside any test, such as a file that does not load, counts as one. */
interface TestCount {
  ok: boolean
  passed: number
  failed: number
}

/** The end of the name of a test that takes minutes, or engines that are installed for it alone. */
const SLOW = '.slow.test.ts'

/** The folders of unit tests and of tests of SQL functions and Lua scripts: a minute at most, without a server or a browser. */
const FAST = ['auth', 'db', 'domain', 'jobs', 'queue', 'redis', 'schema', 'seats'].map(
  (name) => `test/${name}/`,
)

/** `all` is all but the slow ones, `slow` only those. */
export type TestSelection = 'all' | 'fast' | 'slow'

const FILTERS: Record<TestSelection, string[]> = {
  all: [`--exclude=**/*${SLOW}`],
  fast: [`--exclude=**/*${SLOW}`, ...FAST],
  slow: [SLOW],
}

/** Runs the tests; their progress is printed as they run. */
export async function runTests(selection: TestSelection): Promise<TestCount> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-check-'))
  const file = join(directory, 'report.json')
  const command = [
    'node_modules/.bin/vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${file}`,
    ...FILTERS[selection],
  ]
  try {
    const options = { cwd: process.cwd(), env: process.env, output: 'inherit' as const }
    const vitest = await supervise('TERM', [process.execPath, ...command], options)
    const ok = (await vitest.ended) === 0
    return countTests(ok, existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Counts the tests of a report of vitest, in which a file that does not load has no failed test. */
export function countTests(ok: boolean, report: Report | undefined): TestCount {
  const broken = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  )
  const failed = (report?.numFailedTests ?? 0) + broken.length
  return { ok, passed: report?.numPassedTests ?? 0, failed: ok ? failed : Math.max(failed, 1) }
}
