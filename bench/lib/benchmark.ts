import type { Row } from './results.ts'
import type { Environment } from './environment.ts'

/** One comparison of ours with something that runs beside it. */
export interface Benchmark {
  name: string
  run: (context: BenchmarkContext) => Promise<Row[]>
}

export interface BenchmarkContext {
  environment: Environment
  /** Whatever takes its time does less of it. */
  quick: boolean
  /** How often each side is measured, in turn. */
  rounds: number
  /** How long each measurement lasts. */
  seconds: number
  /** A commit that is measured beside this one, where that makes sense. */
  before: string | undefined
  say: (line: string) => void
}
