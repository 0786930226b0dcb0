/** Invariant 2: the balances. */
import type { Run } from './load-run.ts'
import { groupBy } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

const sumOf = (rows: readonly Record<string, unknown>[]): number =>
  rows.reduce((sum, row) => sum + Number(row.amount), 0)

function balances({ history }: Run): CheckResult {
  const transfers = groupBy(history.rows.transfers, (row) => String(row.user_id))
  return checkEach(history.rows.accounts, (account) => {
    const user = String(account.user_id)
    const sum = sumOf(transfers.get(user) ?? [])
    const balance = Number(account.balance)
    return balance === sum && balance >= 0 ? undefined : `${user} has ${balance}, the transfers say ${sum}`
  })
}

/** Every change of a balance comes with its transfers, in the same transaction. */
function everyStep({ history, transactions }: Run): CheckResult {
  const steps = history.changes.filter(({ tbl }) => tbl === 'accounts')
  return checkEach(steps, ({ op, was, now, tx }) => {
    if (op === 'DELETE') return `the account of ${String(was?.user_id)} was deleted`
    const user = String(now?.user_id)
    const balance = Number(now?.balance)
    if (balance < 0) return `${user} had ${balance}`
    if (op === 'INSERT') return balance === 0 ? undefined : `${user} began with ${balance}`
    const own = (transactions.get(tx) ?? []).filter(
      (change) => change.tbl === 'transfers' && change.now?.user_id === user,
    )
    const moved = sumOf(own.map((change) => change.now ?? {}))
    const step = balance - Number(was?.balance)
    return step === moved
      ? undefined
      : `${user} went from ${String(was?.balance)} to ${balance} with ${moved}`
  })
}

function onlyAdded({ history }: Run): CheckResult {
  const appendOnly = new Set(['transfers', 'payments', 'spent_tickets'])
  const changes = history.changes.filter(({ tbl }) => appendOnly.has(tbl))
  return checkEach(changes, ({ tbl, op, was }) =>
    op === 'INSERT' ? undefined : `${tbl}: ${op} of ${JSON.stringify(was)}`,
  )
}

export const balanceChecks: readonly Check[] = [
  { invariant: 2, name: 'a balance is the sum of its transfers, and not negative', run: balances },
  { invariant: 2, name: 'no balance moves without its transfer', run: everyStep },
  { invariant: 2, name: 'transfers, payments and spent tickets are only added', run: onlyAdded },
]
