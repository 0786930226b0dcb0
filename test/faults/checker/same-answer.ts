/** Invariant 26: the same operation with the same variables and the same data gets the same answer, on every path, each time. */
import type { Run } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

const sameOnEveryPath = (run: Run): CheckResult =>
  checkEach(
    run.compared.filter(({ answers }) => answers.length > 1),
    ({ operation, answers }) => {
      const [first] = answers
      const other = answers.find(({ text }) => text !== first?.text)
      return other && `${operation}: ${first?.path} said ${first?.text}, ${other.path} said ${other.text}`
    },
  )

export const sameAnswerChecks: readonly Check[] = [
  { invariant: 26, name: 'every path gives the same answer, each time', run: sameOnEveryPath },
]
