import { migrationsAreCurrent } from './check/migrations.ts'
import { printedSchemaIsCurrent } from './check/printed-schema.ts'
import { runSteps, type Step } from './check/steps.ts'
import { runTests } from './check/tests.ts'
import { runTool } from './check/tool.ts'

/** Each line runs when the one above has passed; what shares a line runs together (CI has two cores). */
const STEPS: Step[][] = [
  [tool('formatting', 'prettier', '--check', '.'), tool('lint', 'eslint', '--max-warnings', '0', '.')],
  [
    tool('types', 'tsc', '--noEmit'),
    tool('types of the pages', 'tsc', '--noEmit', '-p', 'web'),
    tool('layers', 'depcruise', 'src', '--config', '.dependency-cruiser.cjs'),
  ],
  [tool('dead code', 'knip'), { title: 'migrations', run: migrationsAreCurrent }],
  [{ title: 'printed schema', run: printedSchemaIsCurrent }],
]

/**
 * Runs every step until one fails. Sets the exit code; the last line is the count of the tests.
 * @param options.slow run the tests that take minutes each (`*.slow.test.ts`), and nothing else
 */
export async function check({ slow }: { slow: boolean }): Promise<void> {
  const tests = { passed: 0, failed: 0 }
  const testing: Step = {
    title: 'tests',
    run: async () => {
      const { ok, ...count } = await runTests({ slow })
      Object.assign(tests, count)
      return { ok, output: '' }
    },
  }
  const ok = await runSteps([...(slow ? [] : STEPS), [testing]])
  console.log(`\n${tests.passed} passed, ${tests.failed} failed`)
  process.exitCode = ok ? 0 : 1
}

function tool(title: string, name: string, ...args: string[]): Step {
  return { title, run: () => runTool(name, args) }
}
