/** Invariants 4 and 5: the number and the order of admissions. */
import { uuidOf } from '../sales.ts'
import type { Sample } from '../sampler.ts'
import { lossesOf, newlyAdmitted, stepsOf, ticketIn, type Step } from './queue-history.ts'
import { groupBy, type Call, type Run } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** An unanswered change of the settings may still be carried out after so long. */
const LATE_MS = 10_000

const changesOf = (run: Run, concert: string): Call[] =>
  run.calls.filter(({ op, args }) => op === 'updateQueue' && uuidOf(String(args.concertId)) === concert)

/** Those that may have taken effect between two moments. */
const within = (changes: readonly Call[], from: number, until: number): Call[] =>
  changes.filter(
    ({ sentAt, answeredAt, outcome }) =>
      sentAt <= until && (outcome === 'ok' ? answeredAt >= from : sentAt >= from - LATE_MS),
  )

/** With these a queue may have opened: those that its sale was created with. */
const capacitiesAtOpening = (run: Run): number[] =>
  run.calls.filter(({ op }) => op === 'createConcert').map(({ args }) => Number(args.queueCapacity ?? 0))

function notBeyondCapacity(run: Run): CheckResult {
  const changes = groupBy(stepsOf(run), ({ concert }) => concert)
  return [...changes].reduce<CheckResult>(
    (sum, [concert, steps]) => {
      const updates = changesOf(run, concert)
      const found = checkEach(
        steps.filter((step) => newlyAdmitted(step).length > 0),
        ({ before, after }) => {
          const about = within(updates, before.until, after.at).map(({ args }) => Number(args.capacity ?? 0))
          const opening = before.next === 0 ? capacitiesAtOpening(run) : []
          const capacity = Math.max(before.capacity, after.capacity, ...about, ...opening)
          const admitted = after.admitted.length
          return admitted > capacity
            ? `${concert}: ${admitted} admitted with a capacity of ${capacity} at ${after.at}`
            : undefined
        },
      )
      return { facts: sum.facts + found.facts, violations: [...sum.violations, ...found.violations] }
    },
    { facts: 0, violations: [] },
  )
}

const settings = ['capacity', 'paused', 'ratePerSecond'] as const

/** A change that was answered is in force until the next one is asked for, unless Redis lost it. */
function inForce(run: Run): CheckResult {
  const losses = groupBy(lossesOf(run), ({ concert }) => concert)
  const facts: (() => string | undefined)[] = []
  for (const [concert, samples] of run.samples) {
    for (const name of settings) {
      const changes = changesOf(run, concert).filter(({ args }) => args[name] !== undefined)
      for (const [index, change] of changes.entries()) {
        const next = changes[index + 1]?.sentAt ?? Infinity
        const disturbed = [
          ...changes
            .slice(0, index)
            .filter((it) => it.outcome !== 'ok' && it.sentAt > change.sentAt - 3 * LATE_MS),
          ...(losses.get(concert) ?? []).filter(({ until }) => until > change.sentAt && until < next),
        ]
        if (change.outcome !== 'ok' || disturbed.length > 0) continue
        const meanwhile = samples.filter(({ at, until }) => at > change.answeredAt && until < next)
        facts.push(...meanwhile.map((sample) => () => differs(sample, name, change.args[name])))
      }
    }
  }
  return checkEach(facts, (fact) => fact())
}

const differs = (sample: Sample, name: (typeof settings)[number], wanted: unknown): string | undefined =>
  sample[name] === wanted
    ? undefined
    : `${sample.concert}: ${name} is ${sample[name]} and was set to ${String(wanted)}, at ${sample.at}`

/** Of times in whole milliseconds, in admissions. */
const ROUNDING = 0.05

/** No more are let in, in any time, than come in it at that rate, and a second's worth at once. */
function notFasterThanRate(run: Run): CheckResult {
  const violations: string[] = []
  let facts = 0
  let last: Sample | undefined
  /** By how many those let in exceed the rate, in that of all the times up to here in which they do most. */
  let excess = 0
  for (const step of stepsOf(run)) {
    const { concert, before, after } = step
    const rate = before.ratePerSecond
    if (rate === null || after.ratePerSecond !== rate) {
      last = undefined
      continue
    }
    const due = (from: number): number => ((after.firstTime - from) / 1000) * rate
    const alone = -due(before.time)
    const admitted = newlyAdmitted(step).length
    excess = admitted + (last === before ? Math.max(alone, excess - due(before.firstTime)) : alone)
    last = after
    facts += admitted
    if (excess > Math.max(1, rate) + ROUNDING) {
      violations.push(`${concert}: ${excess.toFixed(1)} more than ${rate} a second at ${after.at}`)
    }
  }
  return { facts, violations }
}

/** Nobody is let in past somebody who was in line all the time, and could not be called absent. */
function notOvertaken(run: Run): CheckResult {
  const { graceMs } = run.settings
  const keptPlace = ({ before, after }: Step): [user: string, number: number][] => {
    const earlier = new Map(
      before.waiting.map(([user, number, presentUntil]) => [`${user} ${number}`, presentUntil]),
    )
    const soon = after.firstTime - before.time < graceMs / 2
    return after.waiting.flatMap(([user, number]) => {
      const presentUntil = earlier.get(`${user} ${number}`)
      const stayed = presentUntil !== undefined && presentUntil > after.firstTime
      const joined = before.next > 0 && number >= before.next && soon
      return stayed || joined ? [[user, number]] : []
    })
  }
  return checkEach(
    stepsOf(run).flatMap((step) => {
      const waited = keptPlace(step)
      return newlyAdmitted(step).map(([user, number]) => ({ step, user, number, waited }))
    }),
    ({ step, user, number, waited }) => {
      const [passed] = waited.filter(([, ahead]) => ahead < number)
      return (
        passed &&
        `${step.concert}: ${user} (${number}) was let in past ${passed[0]} (${passed[1]}) at ${step.after.at}`
      )
    },
  )
}

function closedIsClosed(run: Run): CheckResult {
  const closed = stepsOf(run).filter(({ concert, before, after }) => {
    const recovering =
      after.recoveringUntil > after.firstTime + 50 && before.recoveringUntil === after.recoveringUntil
    const paused = before.paused && after.paused
    return recovering || (paused && within(changesOf(run, concert), before.until, after.at).length === 0)
  })
  return checkEach(closed, (step) => {
    const admitted = newlyAdmitted(step)
    return admitted.length > 0
      ? `${step.concert}: ${admitted.join(' and ')} let in while paused or recovering, at ${step.after.at}`
      : undefined
  })
}

/** If A was told their place before B asked for one, A is ahead of B. */
function toldFirstIsFirst(run: Run): CheckResult {
  const joins = run.calls.filter(({ op }) => op === 'issueQueueToken')
  const concerts = groupBy(joins, ({ args }) => uuidOf(String(args.concertId)))
  const violations: string[] = []
  let facts = 0
  for (const [concert, calls] of concerts) {
    const places = firstPlaces(calls)
    const told = [...places].sort((a, b) => a.toldNo - b.toldNo)
    let next = 0
    let highest = 0
    for (const place of places.sort((a, b) => a.askedNo - b.askedNo)) {
      for (; (told[next]?.toldNo ?? Infinity) < place.askedNo; next++) {
        highest = Math.max(highest, told[next]?.number ?? 0)
      }
      facts += 1
      if (highest >= place.number) {
        violations.push(`${concert}: ${place.number} was asked for after ${highest} had been told`)
      }
    }
  }
  return { facts, violations }
}

interface Place {
  number: number
  /** The earliest place in the log where it may have been asked for, and where it was first told. */
  askedNo: number
  toldNo: number
}

function firstPlaces(joins: readonly Call[]): Place[] {
  const places: Place[] = []
  for (const own of groupBy(joins, ({ user }) => user).values()) {
    const known = new Map<number, Place>()
    const inOrder = [...own].sort((a, b) => a.answeredNo - b.answeredNo)
    for (const call of inOrder) {
      const ticket = ticketIn(call)
      if (!ticket) continue
      const place = known.get(ticket.number)
      if (place) {
        place.askedNo = Math.min(place.askedNo, call.sentNo)
        continue
      }
      // One that nobody answered may have brought this place as well.
      const lost = own.filter(({ outcome, sentNo }) => outcome === 'unknown' && sentNo < call.answeredNo)
      const askedNo = Math.min(call.sentNo, ...lost.map(({ sentNo }) => sentNo))
      known.set(ticket.number, { number: ticket.number, askedNo, toldNo: call.answeredNo })
    }
    places.push(...known.values())
  }
  return places
}

export const orderChecks: readonly Check[] = [
  { invariant: 4, name: 'admissions stay within the capacity', run: notBeyondCapacity },
  { invariant: 4, name: 'admissions stay within the rate', run: notFasterThanRate },
  { invariant: 4, name: 'a change of the settings is in force when it is answered', run: inForce },
  { invariant: 5, name: 'admissions follow the order of the queue', run: notOvertaken },
  { invariant: 5, name: 'no admissions while paused or recovering', run: closedIsClosed },
  { invariant: 5, name: 'a number known before a request is ahead of it', run: toldFirstIsFirst },
]
