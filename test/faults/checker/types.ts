import type { Run } from './load-run.ts'

/** A rule that a run is checked against. */
export interface Check {
  /** Its number in README.md, "The invariants". */
  invariant: number
  /** What holds, in a few words. */
  name: string
  /** A short run may have no facts for it. */
  needsAllFaults?: boolean
  run: (run: Run) => CheckResult
}

export interface CheckResult {
  facts: number
  violations: string[]
}

/** @param violationOf describes what is wrong with an item, if anything */
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
