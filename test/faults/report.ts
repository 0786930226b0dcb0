/** The result of a run as text. */
import type { Finding } from './checker/check.ts'
import { groupBy, type Run } from './checker/load-run.ts'

/** The invariants of README.md that a run checks. */
const INVARIANTS = [...Array.from({ length: 17 }, (_, index) => index + 1), 25, 26, 28]
const SHOWN_MAX = 5

/** What a run needs to pass, besides that nothing is violated. */
export interface Requirements {
  /** Every check had facts. */
  everyCheck: boolean
  /** Every fault was injected. */
  everyFault: boolean
}

/** No violation, no fault that failed, and the requirements. */
export const isPassed = (run: Run, findings: readonly Finding[], requirements: Requirements): boolean =>
  findings.every(
    ({ violations, facts, needsAllFaults = false }) =>
      violations.length === 0 &&
      (facts > 0 || !(needsAllFaults ? requirements.everyFault : requirements.everyCheck)),
  ) &&
  missing(findings).length === 0 &&
  run.settings.failures.length === 0 &&
  (!requirements.everyFault || faultsNotInjected(run).length === 0)

/** The faults that were never injected, though this machine supports them. */
export const faultsNotInjected = ({ settings }: Run): string[] =>
  Object.keys(settings.faults).filter((name) => settings.faults[name] === 0)

const missing = (findings: readonly Finding[]): number[] => {
  const known = new Set(findings.map(({ invariant }) => invariant))
  return INVARIANTS.filter((number) => !known.has(number))
}

/** The table at the end of a run. */
export function printReport(
  run: Run,
  findings: readonly Finding[],
  print: (line: string) => void = console.log,
): void {
  print('')
  print('operation               ok  refused  unknown')
  for (const [op, calls] of [...groupBy(run.calls, ({ op }) => op)].sort()) {
    const count = (outcome: string) => calls.filter((call) => call.outcome === outcome).length
    const columns = [count('ok').toString().padStart(7), count('refused').toString().padStart(9)]
    print(`${op.padEnd(19)}${columns.join('')}${count('unknown').toString().padStart(9)}`)
  }
  const thefts = run.calls.filter(({ theft }) => theft !== undefined).length
  const seen = run.streams.reduce((sum, stream) => sum + stream.seen.length, 0)
  print(
    `${run.calls.length} calls, ${thefts} of them attacks; ${run.streams.length} subscriptions with ${seen} values`,
  )
  print('')
  print('fault                                    times')
  for (const [name, times] of Object.entries(run.settings.faults).sort()) {
    print(`${name.padEnd(40)} ${times.toString().padStart(5)}`)
  }
  for (const { name, why } of run.settings.unsupported) print(`${name}: unsupported here: ${why}`)
  for (const { name, why } of run.settings.failures) print(`${name}: FAILED: ${why}`)
  print('')
  print('invariant                                                       facts  violations')
  for (const { invariant, name, facts, violations } of findings) {
    const what = `${invariant.toString().padStart(2)} ${name}`.padEnd(60)
    print(`${what}${facts.toString().padStart(9)}${violations.length.toString().padStart(12)}`)
    for (const violation of violations.slice(0, SHOWN_MAX)) print(`     ${violation}`)
    if (violations.length > SHOWN_MAX) print(`     and ${violations.length - SHOWN_MAX} more`)
  }
  for (const number of missing(findings)) print(`${number} was not checked at all`)
}
