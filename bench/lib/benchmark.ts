import type { Row } from './results.ts'
import type { Environment } from './environment.ts'

/** A comparison of the server with a reference. */
export interface Benchmark {
  name: string
  run: (context: BenchmarkContext) => Promise<Row[]>
}

export interface BenchmarkContext {
  environment: Environment
  /** Shorter, and less precise. */
  quick: boolean
  /** How often each side is measured, alternately. */
  rounds: number
  /** The length of each measurement. */
  seconds: number
  /** A commit to compare with, in the sale. */
  before: string | undefined
  log: (line: string) => void
}
