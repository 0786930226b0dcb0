import { migrationsAreCurrent } from './check/migrations.ts'
import { printedSchemaIsCurrent } from './check/printed-schema.ts'
import { runSteps, type Step } from './check/steps.ts'
import { runTests, type TestSelection } from './check/tests.ts'
import { runTool } from './check/tool.ts'

const CACHE = 'node_modules/.cache'

/** Steps whose caches miss nothing, and that take seconds. */
const QUICK: Step[] = [
  tool(
    'formatting',
    'prettier',
    '--check',
    '.',
    '--cache',
    '--cache-location',
    `${CACHE}/prettier-check`,
    '--cache-strategy',
    'content',
  ),
  tool('types', 'tsc', '--noEmit', ...incremental('types')),
  tool('types of the pages', 'tsc', '--noEmit', '-p', 'web', ...incremental('types-web')),
  tool('layers', 'depcruise', 'src', '--config', '.dependency-cruiser.cjs'),
  { title: 'printed schema', run: printedSchemaIsCurrent },
]

const LINT = ['eslint', '--max-warnings', '0', '.'] as const

/** All at once: ESLint keeps one core busy for as long as the others together keep the second one. */
const ALL: Step[] = [
  tool('lint', ...LINT),
  ...QUICK,
  tool('dead code', 'knip'),
  { title: 'migrations', run: migrationsAreCurrent },
]

/**
 * ESLint's cache does not see that a type changed in another file, so its rules on types can miss something here that
 * `npm run check` reports.
 */
const FAST: Step[] = [
  tool('lint', ...LINT, '--cache', '--cache-location', `${CACHE}/eslint/`, '--cache-strategy', 'content'),
  ...QUICK,
]

const STEPS: Record<TestSelection, Step[]> = { all: ALL, fast: FAST, slow: [] }

/** Runs the steps and tests of the selection until one fails. Sets the exit code; the last line is the count of the tests. */
export async function check(selection: TestSelection): Promise<void> {
  const tests = { passed: 0, failed: 0 }
  const testing: Step = {
    title: 'tests',
    run: async () => {
      const { ok, ...count } = await runTests(selection)
      Object.assign(tests, count)
      return { ok, output: '' }
    },
  }
  const ok = await runSteps([STEPS[selection], [testing]])
  console.log(`\n${tests.passed} passed, ${tests.failed} failed`)
  process.exitCode = ok ? 0 : 1
}

function tool(title: string, name: string, ...args: string[]): Step {
  return { title, run: () => runTool(name, args) }
}

function incremental(name: string): string[] {
  return ['--incremental', '--tsBuildInfoFile', `${CACHE}/${name}.tsbuildinfo`]
}
