/** All the checks, in the order of the invariants (README.md), over one run. */
import { attackChecks } from './attacks.ts'
import { balanceChecks } from './balances.ts'
import { finalChecks } from './final-checks.ts'
import { admissionChecks } from './admissions.ts'
import { healthChecks } from './health.ts'
import { idempotencyChecks } from './idempotency.ts'
import type { Run } from './load-run.ts'
import { orderChecks } from './order.ts'
import { ownershipChecks } from './ownership.ts'
import { ticketChecks } from './tickets.ts'
import { durabilityChecks } from './durability.ts'
import { sameAnswerChecks } from './same-answer.ts'
import { seatListChecks } from './seat-lists.ts'
import { spentChecks } from './spent-tickets.ts'
import { staleChecks } from './stale.ts'
import { streamChecks } from './streams.ts'
import { auditLogChecks } from './audit-log.ts'
import { turnChecks } from './turns.ts'
import type { Check } from './types.ts'

/** What came of one check. */
export interface Finding extends Omit<Check, 'run'> {
  /** On how many facts it could have failed; 0: it says nothing. */
  facts: number
  violations: string[]
}

const checks: readonly Check[] = [
  ...ownershipChecks,
  ...balanceChecks,
  ...idempotencyChecks,
  ...orderChecks,
  ...admissionChecks,
  ...ticketChecks,
  ...durabilityChecks,
  ...spentChecks,
  ...seatListChecks,
  ...streamChecks,
  ...staleChecks,
  ...attackChecks,
  ...auditLogChecks,
  ...turnChecks,
  ...finalChecks,
  ...sameAnswerChecks,
  ...healthChecks,
]

export const check = (run: Run): Finding[] =>
  checks
    .map(({ run: runCheck, ...rest }) => ({ ...rest, ...runCheck(run) }))
    .sort((one, other) => one.invariant - other.invariant)
