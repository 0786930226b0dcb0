/** A bug that somebody could have written. */
export interface Mutant {
  name: string
  edits: readonly Edit[]
  /** The invariants of which it breaks at least one. */
  expect: readonly number[]
  /** Names, or parts of them, of the faults that bring it out. */
  faults?: readonly string[]
  /** The longest pause between two faults, where something is seen only while nothing is broken. */
  pauseMsMax?: number
  /** How long the run lasts, not counting its end. */
  seconds?: number
  /** Only how the run ends shows it. */
  finalChecks?: boolean
  /** Of the servers, where what they mend by themselves would come too soon otherwise. */
  env?: Record<string, string>
}

export interface Edit {
  /** From the root of the project. */
  file: string
  /** Stands there exactly once. */
  find: string
  replace: string
}
