/** Interleavings that random runs hardly ever hit. */
import type { FaultCluster } from '../cluster/types.ts'
import { backendKilledInTheMiddle, latePayment } from './interleavings-failures.ts'
import { admissionsAtOnce } from './interleavings-admissions.ts'
import { lockHeldPastDeadline, paymentAgainstExpiry } from './interleavings-expiry.ts'

export interface Interleaving {
  name: string
  /** Needs at least two servers. @throws AssertionError */
  run: (cluster: FaultCluster) => Promise<void>
}

export const interleavings: readonly Interleaving[] = [
  { name: 'a payment, an expiry and a conflicting hold at heldUntil ± 5 ms', run: paymentAgainstExpiry },
  { name: 'a lock held while the clock passes the deadline', run: lockHeldPastDeadline },
  { name: 'concurrent admissions on two servers', run: admissionsAtOnce },
  { name: 'a backend killed in the middle of a hold and of a payment', run: backendKilledInTheMiddle },
  { name: 'a payment on a server that is frozen until the hold has ended', run: latePayment },
]
