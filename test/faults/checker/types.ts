import type { Run } from './load-run.ts'

/** A rule that is looked at in everything that happened in a run. */
export interface Check {
  /** Its number in README.md, "The invariants". */
  invariant: number
  /** What holds, in a few words. */
  name: string
  /** What it looks at does not come about in every short run. */
  needsAllFaults?: boolean
  run: (run: Run) => CheckResult
}

export interface CheckResult {
  facts: number
  violations: string[]
}

/** Looks at each item; `complain` says what is wrong with it, or nothing. */
export function checkEach<T>(
  items: Iterable<T>,
  violationOf: (item: T) => string | false | undefined,
): CheckResult {
  const result: CheckResult = { facts: 0, violations: [] }
  for (const item of items) {
    result.facts += 1
    const violation = violationOf(item)
    if (typeof violation === 'string') result.violations.push(violation)
  }
  return result
}
