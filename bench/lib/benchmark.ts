import type { Row } from './figures.ts'
import type { Stage } from './stage.ts'

/** One comparison of ours with something that runs beside it. */
export interface Benchmark {
  name: string
  run: (context: BenchmarkContext) => Promise<Row[]>
}

export interface BenchmarkContext {
  stage: Stage
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
