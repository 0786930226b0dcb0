/** More of invariants 6 and 11: the counters include every ticket, and the audit log every change of an operator. */
import { uuidOf } from '../sales.ts'
import type { Call, Run } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Clocks are compared only beyond this. */
const CLOCK_TOLERANCE_MS = 3

/** Every ticket that was ever given out is somewhere: src/queue/lua/lib/counters.lua. */
const allAreCounted = (run: Run): CheckResult =>
  checkEach([...run.samples.values()].flat(), ({ concert, at, waiting, admitted, counters }) => {
    const { issued, finished, lapsed, skipped } = counters
    // Of those who were skipped, who is not absent any more has been forgotten: lapsed, and not counted as such yet.
    const known = waiting.length + admitted.length + skipped + finished + lapsed
    return issued === known
      ? undefined
      : `${concert}: ${issued} issued, ${known} known (${waiting.length} waiting, ${admitted.length} admitted, ${JSON.stringify(counters)}) at ${at}`
  })

interface Action {
  concert: string
  operator: string
  at: number
  after: Record<string, unknown>
}

const actionsOf = ({ history }: Run): Action[] =>
  history.rows.audit_log
    .filter(({ action }) => action === 'updateQueue')
    .map((row) => ({
      concert: String(row.concert_id),
      operator: String(row.operator_id),
      at: Date.parse(String(row.at)),
      after: row.after as Record<string, unknown>,
    }))

/** May this row be what the call left? One without an answer may still have been carried out later. */
function isOf({ args, user, sentAt, answeredAt, outcome }: Call, action: Action): boolean {
  const { concertId, ...settings } = args
  const until = outcome === 'ok' ? answeredAt : Infinity
  return (
    action.concert === uuidOf(String(concertId)) &&
    action.operator === user &&
    action.at > sentAt - CLOCK_TOLERANCE_MS &&
    action.at < until + CLOCK_TOLERANCE_MS &&
    Object.entries(settings).every(([name, value]) => (action.after[name] ?? null) === value)
  )
}

/** Each change that was acknowledged left one row, and no row is there without a change that was asked for. */
function allIsWritten(run: Run): CheckResult {
  const unused = new Set(actionsOf(run))
  const updates = run.calls.filter(({ op, outcome }) => op === 'updateQueue' && outcome !== 'refused')
  const use = (call: Call): boolean => {
    const found = [...unused].find((action) => isOf(call, action))
    return found !== undefined && unused.delete(found)
  }
  const acknowledged = updates.filter(({ outcome }) => outcome === 'ok')
  const found = checkEach(acknowledged, (call) =>
    use(call)
      ? undefined
      : `call ${call.call} changed ${JSON.stringify(call.args)}, and the audit log does not have it`,
  )
  updates.filter(({ outcome }) => outcome === 'unknown').forEach(use)
  const unrequested = checkEach(unused, (action) => `nobody requested ${JSON.stringify(action)}`)
  return { facts: found.facts, violations: [...found.violations, ...unrequested.violations] }
}

export const auditLogChecks: readonly Check[] = [
  { invariant: 6, name: 'every ticket is counted', run: allAreCounted },
  { invariant: 11, name: "an operator's change is in the audit log once", run: allIsWritten },
]
