/** More of invariant 5: skipped users were absent, and seats are held only by admitted users. */
import { admissionsOf, lossesOf, ticketKey, newlyAdmitted, stepsOf, ticketIn } from './queue-history.ts'
import { groupBy, isCalm, type Run } from './load-run.ts'
import { intentsOf, reservationsOf } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Users skipped between two samples. */
const skippedOf = (run: Run) =>
  stepsOf(run).flatMap(({ concert, before, after }) => {
    const stood = new Set(before.waiting.map(([user, number]) => `${user} ${number}`))
    return after.absent.flatMap(([user, number]) =>
      stood.has(`${user} ${number}`) ? [{ concert, user, number, before, after }] : [],
    )
  })

/** A user with an answered request within the grace period is not skipped. */
function skippedWereAbsent(run: Run): CheckResult {
  const { graceMs } = run.settings
  const asked = groupBy(
    run.calls.filter(
      ({ op, outcome, theft }) =>
        outcome === 'ok' && theft === undefined && (op === 'queueTicket' || op === 'issueQueueToken'),
    ),
    (call) => ticketKey(ticketIn(call) ?? { concertId: '', number: 0, userId: '' }),
  )
  return checkEach(skippedOf(run), ({ concert, user, number, before, after }) => {
    const seen = (asked.get(`${concert} ${number}`) ?? []).find(
      ({ sentAt, answeredAt }) => answeredAt < before.until && sentAt > after.firstTime - graceMs,
    )
    return seen && `${user} (${number}) was skipped at ${after.at}, and had asked at ${seen.sentAt}`
  })
}

/** By then, after a fault, subscriptions are there again and have been read. */
const RECOVERED_MS = 5_000

/** A user with a long subscription, present only because the server renews its presence, is not skipped. */
function skippedDidNotListen(run: Run): CheckResult {
  const { graceMs } = run.settings
  const streams = groupBy(run.streams, ({ ticket }) => ticketKey(ticket))
  const waited = stepsOf(run).flatMap(({ concert, before, after }) => {
    const from = before.until - graceMs - RECOVERED_MS
    if (after.firstTime - before.time > graceMs / 2 || !isCalm(run, from, after.at)) return []
    const absent = new Set(after.absent.map(([, number]) => number))
    return before.waiting.flatMap(([user, number]) => {
      const listening = (streams.get(`${concert} ${number}`) ?? []).find(
        ({ seen, closedAt }) => (seen[0]?.at ?? Infinity) < before.until - graceMs && closedAt > after.at,
      )
      return listening ? [{ concert, user, number, after, skipped: absent.has(number) }] : []
    })
  })
  return checkEach(waited, ({ concert, user, number, after, skipped }) =>
    skipped ? `${concert}: ${user} (${number}) listened, and was skipped at ${after.at}` : undefined,
  )
}

/**
 * How long somebody may count as present after the last message: until they are read the next time, then the grace period and a fifth
 * of it; and two looks of the sampler.
 */
const presentMs = ({ settings: { graceMs } }: Run): number => graceMs / 2 + graceMs * 1.2 + 2 * SAMPLING_MS

/** After these the queue calls nobody absent for a while, or reads everybody anew: they are given the time to come back. */
const FORGIVING = /^Redis|^server|rolling|rollout/i

/** A user whose page is frozen for longer than the grace period is not admitted. */
function frozenAreSkipped(run: Run): CheckResult {
  const frozen = run.frozen.filter(
    ({ from, until }) =>
      until > from + presentMs(run) &&
      !run.faults.some((it) => FORGIVING.test(it.name) && it.from < until && it.until > from - 10_000),
  )
  const admitted = stepsOf(run).flatMap((step) =>
    newlyAdmitted(step).map(([, number]) => ({ concert: step.concert, number, at: step.before.until })),
  )
  return checkEach(frozen, ({ ticket, from, until }) => {
    const late = admitted.find(
      ({ concert, number, at }) =>
        concert === ticket.concertId && number === ticket.number && at > from + presentMs(run) && at < until,
    )
    return late && `${ticketKey(ticket)} was let in ${late.at - from} ms after its page was frozen`
  })
}

/** When each hold was asked for: of the calls that may have made it, the first. */
function askedAt(run: Run): Map<string, number> {
  const calls = groupBy(
    run.calls.filter(({ op }) => op === 'holdSeats'),
    ({ user, args }) => `${user} ${String(args.idempotencyKey)}`,
  )
  const asked = intentsOf(run).flatMap(({ user, key, answer, at }) => {
    const own = (calls.get(`${user} ${key}`) ?? []).filter(
      ({ sentAt, answeredAt, outcome }) => sentAt < at && (outcome === 'unknown' || answeredAt > at),
    )
    return own.map(({ sentAt }): [string, number] => [String(answer?.reservationId), sentAt])
  })
  // The last one with the same name stays: the first of the calls.
  return new Map(asked.sort(([, one], [, other]) => other - one))
}

/** Until when each ticket, by concert and number, may have been in; those of which that is not known are not there. */
function admittedUntil(run: Run): Map<string, number> {
  const until = new Map<string, number>()
  for (const { concert, before, after } of stepsOf(run)) {
    for (const [, number, deadline] of before.admitted) {
      const blind = after.firstTime - before.time > SAMPLING_MS
      const name = `${concert} ${number}`
      until.set(name, Math.max(until.get(name) ?? 0, blind ? Infinity : deadline))
    }
  }
  // What was lost meanwhile may have been longer.
  for (const { concert, from } of lossesOf(run)) {
    const last = (run.samples.get(concert) ?? []).findLast(({ at }) => at <= from)
    for (const [, number] of last?.admitted ?? []) until.set(`${concert} ${number}`, Infinity)
  }
  return until
}

/** Seats are held only with a ticket that is admitted at that time. */
function heldWereAdmitted(run: Run): CheckResult {
  const admissions = admissionsOf(run)
  const until = admittedUntil(run)
  const asked = askedAt(run)
  const sampled = reservationsOf(run).filter(
    ({ concertId, heldAt }) => (run.samples.get(concertId)?.at(-1)?.until ?? 0) > heldAt,
  )
  return checkEach(sampled, ({ id, userId, concertId, ticketNumber, heldAt }) => {
    const name = `${concertId} ${ticketNumber}`
    if ((admissions.get(name) ?? Infinity) >= heldAt + SAMPLING_MS)
      return `${userId} held ${id} with ${ticketNumber}, which was not let in`
    const [askedFor, over] = [asked.get(id) ?? 0, until.get(name) ?? Infinity]
    return askedFor > over + SAMPLING_MS
      ? `${userId} held ${id} with ${ticketNumber}, whose time was over ${askedFor - over} ms before`
      : undefined
  })
}

/** Two looks of the sampler, on a busy machine. */
const SAMPLING_MS = 1_000

export const admissionChecks: readonly Check[] = [
  { invariant: 5, name: 'skipped users were absent', run: skippedWereAbsent },
  { invariant: 5, name: 'a subscriber is not skipped', run: skippedDidNotListen },
  { invariant: 5, name: 'the user of a frozen page is skipped', needsAllFaults: true, run: frozenAreSkipped },
  { invariant: 5, name: 'a user who holds seats was admitted', run: heldWereAdmitted },
]
