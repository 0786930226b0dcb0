/** Invariant 3: one effect for a key, and the same answer each time. */
import type { Call, Run } from './load-run.ts'
import { groupBy } from './load-run.ts'
import { idempotentOperations } from '../operations.ts'
import { countOf, intentsOf } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Refusals that are kept under the key, beside what went well. ReservationNotFound is not: it never changes anyway. */
const STORED_REFUSALS = new Set([
  'SeatTaken',
  'SeatNotFound',
  'SeatLimitExceeded',
  'SalesClosed',
  'HoldExpired',
  'AlreadyPaid',
  'InsufficientPoints',
  'BalanceLimitExceeded',
])

/** Was this decided, and kept? */
export const isStored = ({ outcome, code }: Call): boolean =>
  outcome === 'ok' || STORED_REFUSALS.has(code ?? '')

/** What has to be the same each time; how a reservation stands by now is not part of it. */
const comparableParts = ({ answer, code }: Call): string => {
  const { __typename, id, balance, seatNumbers, limit, heldUntil, paymentId, price } = answer ?? {}
  const seats = Array.isArray(seatNumbers) ? [...(seatNumbers as number[])].sort((a, b) => a - b) : undefined
  return JSON.stringify({ code, __typename, id, balance, seats, limit, heldUntil, paymentId, price })
}

const intentOf = ({ op, args }: Call): string => {
  const { seatNumbers, ...others } = args
  const seats = Array.isArray(seatNumbers) ? [...(seatNumbers as number[])].sort((a, b) => a - b) : undefined
  return JSON.stringify([
    op,
    seats,
    Object.entries(others)
      .filter(([name]) => name !== 'idempotencyKey')
      .sort(),
  ])
}

function sameAnswer(run: Run): CheckResult {
  const calls = run.calls.filter(({ op }) => idempotentOperations.has(op))
  const byKey = groupBy(calls, ({ user, args }) => `${user} ${String(args.idempotencyKey)}`)
  const repeated = [...byKey].filter(([, group]) => group.length > 1)
  return checkEach(repeated, ([key, group]) => {
    const kept = group.filter(isStored)
    const intents = new Set(kept.map(intentOf))
    if (intents.size > 1) return `${key} was accepted for ${[...intents].join(' and for ')}`
    const answers = new Set(kept.map(comparableParts))
    if (answers.size > 1) return `${key} was answered ${[...answers].join(' and ')}`
    const first = kept.reduce((least, { answeredNo }) => Math.min(least, answeredNo), Infinity)
    const [intent] = intents
    const later = group.filter((call) => call.sentNo > first && call.outcome === 'refused' && !isStored(call))
    const forgotten = later.find((call) => intentOf(call) === intent && !call.theft)
    return forgotten && `${key} was decided, and later answered ${forgotten.code}`
  })
}

/** Every effect belongs to one key, taken in the same transaction; no key is taken twice. */
function oneEffect(run: Run): CheckResult {
  const intents = groupBy(intentsOf(run), ({ tx }) => tx)
  return checkEach(run.transactions, ([tx, changes]) => {
    const keys = intents.get(tx)?.length ?? 0
    // Leaving takes no key: it ends the ticket, and cancels what is held with it.
    const leaves = keys === 0 && countOf(changes, 'spent_tickets', 'INSERT') === 1
    const effects =
      countOf(changes, 'reservations', 'INSERT') +
      countOf(
        changes,
        'reservations',
        'UPDATE',
        ({ status }) => (status === 'CANCELLED' && !leaves) || status === 'PAID',
      ) +
      countOf(changes, 'transfers', 'INSERT', ({ payment_id }) => payment_id === null)
    if (effects > keys) return `transaction ${tx} had ${effects} effects and ${keys} keys`
    const paid = countOf(changes, 'payments', 'INSERT')
    return paid > 1 ? `transaction ${tx} made ${paid} payments` : undefined
  })
}

const takenOnce = (run: Run): CheckResult =>
  checkEach(
    groupBy(intentsOf(run), ({ user, key }) => `${user} ${key}`),
    ([key, taken]) =>
      new Set(taken.map(({ tx }) => tx)).size > 1 ? `${key} was taken ${taken.length} times` : undefined,
  )

export const idempotencyChecks: readonly Check[] = [
  { invariant: 3, name: 'the same key gets the same answer', run: sameAnswer },
  { invariant: 3, name: 'one effect for a key, none without one', run: oneEffect },
  { invariant: 3, name: 'no key is taken twice', run: takenOnce },
]
