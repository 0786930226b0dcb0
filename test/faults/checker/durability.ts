/** Invariant 11: what was acknowledged is there, and what was not is complete or absent. */
import type { Change } from '../history.ts'
import { uuidOf } from '../sales.ts'
import { isStored } from './idempotency.ts'
import type { Call, Run } from './load-run.ts'
import { countOf, intentsOf, reservationsOf, type Intent } from './rows.ts'
import { idempotentOperations } from '../operations.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** The operation that succeeds with an outcome of the database. */
const operationOf: Record<string, string> = {
  Held: 'holdSeats',
  Cancelled: 'cancelReservation',
  Paid: 'payReservation',
  Charged: 'chargePoints',
}

/** Each response is the one that the database has stored. */
function acknowledged(run: Run): CheckResult {
  const intents = new Map(intentsOf(run).map((intent) => [`${intent.user} ${intent.key}`, intent]))
  const calls = run.calls.filter((call) => idempotentOperations.has(call.op) && isStored(call))
  return checkEach(calls, (call) => {
    const intent = intents.get(`${call.user} ${String(call.args.idempotencyKey)}`)
    if (!intent)
      return `${about(call)} was answered ${call.code ?? 'ok'}, and the database does not have the key`
    const { answer } = intent
    const outcome = String(answer?.outcome)
    const answered = call.code ?? call.op
    if (answered !== (operationOf[outcome] ?? outcome))
      return `${about(call)} was told ${answered}, kept is ${outcome}`
    const id = answer?.paymentId ?? answer?.reservationId
    if (call.outcome === 'ok' && typeof id === 'string' && uuidOf(String(call.answer?.id)) !== id) {
      return `${about(call)} was told ${String(call.answer?.id)}, kept is ${id}`
    }
    if (outcome !== 'Charged') return undefined
    const accounts = (run.transactions.get(intent.tx) ?? []).filter(
      ({ tbl, op }) => tbl === 'accounts' && op === 'UPDATE',
    )
    const balance = accounts.at(-1)?.now?.balance
    return balance === call.answer?.balance ? undefined : `${about(call)}: the balance was ${String(balance)}`
  })
}

const about = ({ op, call, user }: Call): string => `${op} ${call} of ${user}`

/** What each outcome has to leave behind, in its own transaction. */
function wholeness(intent: Intent, changes: readonly Change[]): string | undefined {
  const outcome = String(intent.answer?.outcome)
  const did = {
    holds: countOf(changes, 'reservations', 'INSERT'),
    paid: countOf(changes, 'reservations', 'UPDATE', ({ status }) => status === 'PAID'),
    payments: countOf(changes, 'payments', 'INSERT'),
    debits: countOf(changes, 'transfers', 'INSERT', ({ payment_id }) => payment_id !== null),
    credits: countOf(changes, 'transfers', 'INSERT', ({ payment_id }) => payment_id === null),
    balances: countOf(changes, 'accounts', 'UPDATE'),
    events: countOf(changes, 'outbox', 'INSERT', ({ type }) => type !== 'reservation.expired'),
  }
  const nothing = { holds: 0, paid: 0, payments: 0, debits: 0, credits: 0, balances: 0, events: 0 }
  const wanted: Record<string, Partial<typeof did>> = {
    Held: { holds: 1, events: 1 },
    Paid: { paid: 1, payments: 1, debits: 1, balances: 1, events: 1 },
    Charged: { credits: 1, balances: 1 },
    // Cancelling what is cancelled is fine, and does nothing.
    Cancelled: { events: did.events },
  }
  const whole = JSON.stringify({ ...nothing, ...wanted[outcome] })
  return JSON.stringify(did) === whole ? undefined : `${outcome} left ${JSON.stringify(did)} behind`
}

const wholeOrAbsent = (run: Run): CheckResult =>
  checkEach(intentsOf(run), (intent) => {
    if (intent.answer === null) return `${intent.user} ${intent.key} was kept without an answer`
    const wrong = wholeness(intent, run.transactions.get(intent.tx) ?? [])
    return wrong && `${intent.operation} ${intent.key} of ${intent.user}: ${wrong}`
  })

/** What a server has acknowledged to its owner is in the database at the end, or what follows from it is. */
function stillThere(run: Run): CheckResult {
  const reservations = new Map(reservationsOf(run).map((it) => [it.id, it]))
  const payments = new Set(run.history.rows.payments.map(({ id }) => String(id)))
  const acknowledged = run.calls.filter(({ op, outcome }) => idempotentOperations.has(op) && outcome === 'ok')
  return checkEach(acknowledged, (call) => {
    const id = uuidOf(String(call.answer?.id))
    if (call.op === 'payReservation') {
      return payments.has(id) ? undefined : `${about(call)}: payment ${id} is gone`
    }
    if (call.op === 'chargePoints') return undefined
    const found = reservations.get(id)
    if (!found) return `${about(call)}: reservation ${id} is gone`
    const kept = call.op === 'holdSeats' || found.status === 'CANCELLED'
    return kept ? undefined : `${about(call)}: ${id} is ${found.status}`
  })
}

export const durabilityChecks: readonly Check[] = [
  { invariant: 11, name: 'a response is the stored one', run: acknowledged },
  { invariant: 11, name: 'every effect is complete', run: wholeOrAbsent },
  { invariant: 11, name: 'what was acknowledged is still there', run: stillThere },
]
