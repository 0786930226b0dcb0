import type { Edit } from './edit.ts'

/** A plausible bug, and what it takes for the checker to find it. */
export interface Mutant {
  name: string
  edits: readonly Edit[]
  /** The invariants of which it breaks at least one. */
  expect: readonly number[]
  /** Names, or parts of names, of the faults that expose it. */
  faults?: readonly string[]
  /** The longest pause between two faults, for a bug that is visible only while nothing is broken. */
  pauseMsMax?: number
  /** Length of the run without its final checks. */
  seconds?: number
  /** Only the final checks show it. */
  finalChecks?: boolean
  /** Settings of the servers, for a bug that the servers would repair too soon otherwise. */
  env?: Record<string, string>
}
