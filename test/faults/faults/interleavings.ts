/** What chance does not find: the few orders of events in which it matters who comes first. */
import type { FaultCluster } from '../cluster/types.ts'
import { backendKilledInTheMiddle, latePayment } from './interleavings-failures.ts'
import { admissionsAtOnce } from './interleavings-admissions.ts'
import { lockHeldPastDeadline, paymentAgainstExpiry } from './interleavings-expiry.ts'

export interface Interleaving {
  name: string
  /** Rejects with an AssertionError that says what went wrong. Takes a cluster of two servers at least. */
  run: (cluster: FaultCluster) => Promise<void>
}

export const interleavings: readonly Interleaving[] = [
  { name: 'a payment against expiry and a rival, at heldUntil ± 5 ms', run: paymentAgainstExpiry },
  { name: 'a lock held while the clock passes the deadline', run: lockHeldPastDeadline },
  { name: 'two admissions at once', run: admissionsAtOnce },
  { name: 'a backend killed in the middle of a hold and of a payment', run: backendKilledInTheMiddle },
  { name: 'a payment that was asleep when its hold ended', run: latePayment },
]
