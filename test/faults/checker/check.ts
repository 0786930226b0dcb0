/** All the checks, in the order of the invariants (README.md), over one run. */
import { attackChecks } from './attacks.ts'
import { bookChecks } from './books.ts'
import { endingChecks } from './endings.ts'
import { gateChecks } from './gate.ts'
import { healthChecks } from './health.ts'
import { keyChecks } from './keys.ts'
import type { Run } from './load.ts'
import { orderChecks } from './order.ts'
import { ownershipChecks } from './ownership.ts'
import { placeChecks } from './places.ts'
import { promiseChecks } from './promises.ts'
import { sameAnswerChecks } from './same-answer.ts'
import { seatListChecks } from './seats.ts'
import { spentChecks } from './spent.ts'
import { staleChecks } from './stale.ts'
import { streamChecks } from './streams.ts'
import { trailChecks } from './trail.ts'
import { turnChecks } from './turns.ts'
import type { Check } from './types.ts'

/** What came of one check. */
export interface Finding extends Omit<Check, 'look'> {
  /** On how many facts it could have failed; 0: it says nothing. */
  facts: number
  violations: string[]
}

const checks: readonly Check[] = [
  ...ownershipChecks,
  ...bookChecks,
  ...keyChecks,
  ...orderChecks,
  ...gateChecks,
  ...placeChecks,
  ...promiseChecks,
  ...spentChecks,
  ...seatListChecks,
  ...streamChecks,
  ...staleChecks,
  ...attackChecks,
  ...trailChecks,
  ...turnChecks,
  ...endingChecks,
  ...sameAnswerChecks,
  ...healthChecks,
]

export const check = (run: Run): Finding[] =>
  checks
    .map(({ look, ...rest }) => ({ ...rest, ...look(run) }))
    .sort((one, other) => one.invariant - other.invariant)
