import { expect, test, vi } from 'vitest'
import { runSteps, type Step } from '../../scripts/check/steps.ts'
import { countTests } from '../../scripts/check/tests.ts'

function step(title: string, ok: boolean): Step {
  return { title, run: () => Promise.resolve({ ok, output: `${title} says why` }) }
}

test('the steps stop after the first group with a failure, and the summary lists all of them', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const ok = await runSteps([[step('one', true), step('two', false)], [step('three', true)]])
  const printed = log.mock.calls.flat().join('\n')
  log.mockRestore()
  expect(ok).toBe(false)
  expect(printed).toContain('two says why')
  expect(printed).not.toContain('three says why')
  expect(printed).toMatch(/✓ one .*\n✗ two .*\n- three +not run$/)
})

test('a failure outside any test is counted', () => {
  const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] }
  const unloadable = { status: 'failed', assertionResults: [] }
  const report = { numPassedTests: 1, numFailedTests: 0, testResults: [passed] }
  expect(countTests(true, report)).toEqual({ ok: true, passed: 1, failed: 0 })
  expect(countTests(false, { ...report, testResults: [passed, unloadable] })).toEqual({
    ok: false,
    passed: 1,
    failed: 1,
  })
  expect(countTests(false, report), 'an error between the tests').toEqual({ ok: false, passed: 1, failed: 1 })
  expect(countTests(false, undefined), 'no report at all').toEqual({ ok: false, passed: 0, failed: 1 })
})
