/** What chance does not find: the few orders of events in which it matters who comes first. */
import type { World } from '../world/types.ts'
import { backendKilledInTheMiddle, latePayment } from './interleavings-ends.ts'
import { admissionsAtOnce } from './interleavings-line.ts'
import { lockPastTheDeadline, paymentAgainstExpiry } from './interleavings-time.ts'

export interface Interleaving {
  name: string
  /** Rejects with an AssertionError that says what went wrong. Takes a world of two servers at least. */
  run: (world: World) => Promise<void>
}

export const interleavings: readonly Interleaving[] = [
  { name: 'a payment against expiry and a rival, at heldUntil ± 5 ms', run: paymentAgainstExpiry },
  { name: 'a lock held while the clock passes the deadline', run: lockPastTheDeadline },
  { name: 'two admissions at once', run: admissionsAtOnce },
  { name: 'a backend killed in the middle of a hold and of a payment', run: backendKilledInTheMiddle },
  { name: 'a payment that was asleep when its hold ended', run: latePayment },
]
