/** Invariants 15 and 16: objects of other users, and unexpected errors. */
import { uuidOf } from '../sales.ts'
import { ticketIn } from './queue-history.ts'
import type { Call, Run } from './load-run.ts'
import { intentsOf, reservationsOf } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Refusals that reveal the existence or the state of another user's object. */
const TELLING = new Set([
  'AlreadyPaid',
  'HoldExpired',
  'InsufficientPoints',
  'SeatTaken',
  'SeatLimitExceeded',
  'NOT_ADMITTED',
])

const theftFails = (run: Run): CheckResult =>
  checkEach(
    run.calls.filter(({ theft }) => theft !== undefined),
    (call) =>
      call.outcome === 'ok' || TELLING.has(call.code ?? '')
        ? `${call.user} got ${call.code ?? JSON.stringify(call.answer)} from ${call.op} with another's ${call.theft}`
        : undefined,
  )

/** What a user gets as their own is theirs. */
function ownIsOwn(run: Run): CheckResult {
  const owners = new Map(reservationsOf(run).map(({ id, userId }) => [id, userId]))
  for (const { id, user_id } of run.history.rows.payments) owners.set(String(id), String(user_id))
  const ownerIn = (call: Call): string | undefined => {
    if (call.op === 'issueQueueToken') return ticketIn(call)?.userId
    if (call.op === 'points' || call.op === 'chargePoints') return uuidOf(String(call.answer?.userId))
    return owners.get(uuidOf(String(call.answer?.id)))
  }
  const answered = run.calls.filter(({ outcome, op }) => outcome === 'ok' && !OPEN_TO_ALL.has(op))
  return checkEach(answered, (call) => {
    const owner = ownerIn(call)
    return owner !== undefined && owner !== call.user
      ? `${call.op} ${call.call} showed ${call.user} what belongs to ${owner}`
      : undefined
  })
}

const OPEN_TO_ALL = new Set(['queueTicket', 'leaveQueue', 'performances', 'updateQueue', 'createConcert'])

/** Every effect for a user was requested by that user. */
function askedFor(run: Run): CheckResult {
  const asked = new Set(run.calls.map(({ user, args }) => `${user} ${String(args.idempotencyKey)}`))
  return checkEach(intentsOf(run), ({ user, key, operation }) =>
    asked.has(`${user} ${key}`)
      ? undefined
      : `${operation} ${key} was done for ${user}, who did not ask for it`,
  )
}

/** What a client gets instead of a bug's message, or of an answer. */
const BUGS = new Set(['INTERNAL', 'NO_CODE', 'NO_DATA'])

const noBugAnswered = (run: Run): CheckResult =>
  checkEach(run.calls, ({ op, call, code, answer }) =>
    BUGS.has(code ?? '') ? `${op} ${call} was answered ${code}: ${JSON.stringify(answer)}` : undefined,
  )

/** Whatever is wrong with a store, a field of GraphQL says so, in a well-formed answer: docs/errors.md. Not so a 408, for a body that did not arrive. */
const noServerError = (run: Run): CheckResult =>
  checkEach(
    run.calls.filter(({ status }) => status !== undefined),
    ({ op, call, code, status = 0 }) =>
      status >= 500 ? `${op} ${call} was answered ${status} ${code ?? ''}` : undefined,
  )

const ERROR = 50
/** Connection, timeout, cancel, deadlock: appendix A of PostgreSQL's manual. */
const EXPECTED = /^(08...|40001|40P01|53300|55P03|57014|57P0[1-3]|E[A-Z]+|CONNECT\w*|CONNECTION_\w+)$/

/** A server says more than its clients hear: crashes, masked bugs, jobs that failed for no good reason. */
const noBugLogged = (run: Run): CheckResult => {
  const logged = checkEach(run.serverLog, ({ server, level, message, error }) => {
    const expected = error?.type === 'Problem' || error?.code === undefined || EXPECTED.test(error.code)
    const scripts =
      error?.type === 'ReplyError' && !/^(LOADING|MISCONF|READONLY|BUSY)/.test(error.message ?? '')
    return level >= ERROR || !expected || scripts
      ? `${server}: ${message} ${error?.stack ?? error?.message ?? ''}`.slice(0, 500)
      : undefined
  })
  // A log without a word is a fact too: each server was heard.
  return { ...logged, facts: logged.facts + 1 }
}

export const attackChecks: readonly Check[] = [
  { invariant: 15, name: "nothing works with another's id, ticket or key", run: theftFails },
  { invariant: 15, name: "a user gets only the user's own objects", run: ownIsOwn },
  { invariant: 15, name: 'every effect was requested by its user', run: askedFor },
  { invariant: 16, name: 'no response is a masked bug', run: noBugAnswered },
  { invariant: 16, name: 'no HTTP status is 5xx', run: noServerError },
  { invariant: 16, name: 'no bug is logged', run: noBugLogged },
]
