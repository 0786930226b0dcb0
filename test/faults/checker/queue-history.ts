/** What the samples say about a queue: what changed between two looks, what Redis lost, who was let in. */
import type { Sample } from '../sampler.ts'
import { readToken, type Status, type Ticket } from '../log.ts'
import type { Call, Run } from './load-run.ts'

/** Two looks, one right after the other, at a Redis that lost nothing in between. */
export interface Step {
  concert: string
  before: Sample
  after: Sample
}

/** Redis came back with less than it had. */
export interface Loss {
  concert: string
  from: number
  until: number
  /** Nothing was left; otherwise it came back with what an older file had. */
  empty: boolean
}

/** Faults after which Redis has less than it had. What else restarts it must not lose anything. */
const DATA_LOSS = /older|empty/i

/** What became of Redis between two looks: nothing, or what it lost. */
function lossBetween(run: Run, concert: string, before: Sample, after: Sample): Loss | undefined {
  const [from, until] = [before.until, after.at]
  const fault =
    before.runId === after.runId
      ? undefined
      : run.faults.find((it) => DATA_LOSS.test(it.name) && it.from <= until && it.until >= from)
  // Its version and its numbers only grow otherwise.
  const wentBack = after.next < before.next || after.deltaVersion < before.deltaVersion
  if (!fault && !wentBack) return undefined
  const recovers = after.recoveringUntil > before.recoveringUntil
  return { concert, from, until, empty: fault ? /empty/i.test(fault.name) : after.next === 0 || recovers }
}

/** Every two looks at the same queue. */
function* pairs(run: Run): Generator<Step> {
  for (const [concert, samples] of run.samples) {
    for (const [index, after] of samples.entries()) {
      const before = samples[index - 1]
      if (before) yield { concert, before, after }
    }
  }
}

export const stepsOf = (run: Run): Step[] =>
  [...pairs(run)].filter(({ concert, before, after }) => !lossBetween(run, concert, before, after))

export const lossesOf = (run: Run): Loss[] => [
  ...[...pairs(run)].flatMap(({ concert, before, after }) => lossBetween(run, concert, before, after) ?? []),
  ...[...run.samples].flatMap(([concert, samples]) => lossesAfter(run, concert, samples.at(-1)?.until ?? 0)),
]

/** An old sale is not looked at to the end of a run: whatever is lost after that is taken to be lost to it, too. */
const lossesAfter = (run: Run, concert: string, lookedUntil: number): Loss[] =>
  run.faults
    .filter(({ name, until }) => DATA_LOSS.test(name) && until > lookedUntil)
    .map(({ name, from, until }) => ({ concert, from, until, empty: /empty/i.test(name) }))

/** Who was let in between two looks. */
export function newlyAdmitted({ before, after }: Step): [user: string, number: number][] {
  const known = new Set(before.admitted.map(([user, number]) => `${user} ${number}`))
  return after.admitted.flatMap(([user, number]) => (known.has(`${user} ${number}`) ? [] : [[user, number]]))
}

/** Longer than this between two looks, and somebody may have been let in and out unseen. */
const SAMPLE_GAP_MS = 1_000

/** When each ticket, by concert and number, may first have been let in. */
export function admissionsOf(run: Run): Map<string, number> {
  const first = new Map<string, number>()
  const note = (concert: string, number: number, at: number): void => {
    const name = `${concert} ${number}`
    first.set(name, Math.min(at, first.get(name) ?? Infinity))
  }
  for (const { concert, before, after } of pairs(run)) {
    for (const [, number] of after.admitted) note(concert, number, after.at)
    if (after.firstTime - before.time < SAMPLE_GAP_MS) continue
    const still = new Set(after.waiting.map(([, number]) => number))
    for (const [, number] of before.waiting) if (!still.has(number)) note(concert, number, before.until)
    for (
      let number = before.next;
      number > 0 && number < Math.min(after.next, before.next + 1_000);
      number++
    ) {
      if (!still.has(number)) note(concert, number, before.until)
    }
  }
  for (const { ticket, status, from } of observationsOf(run)) {
    if (status.__typename === 'Admitted') note(ticket.concertId, ticket.number, from)
  }
  return first
}

/** What somebody was told about a ticket; it was so at some moment between `from` and `at`. */
export interface Observation {
  ticket: Ticket
  status: Status
  from: number
  fromNo: number
  at: number
  atNo: number
  stream: number | undefined
}

/** The ticket that an answer of the queue is about. */
export const ticketIn = ({ answer, outcome }: Call): Ticket | undefined =>
  outcome === 'ok' && typeof answer?.token === 'string' ? readToken(answer.token) : undefined

/** Everything that anybody was told about any ticket, in the order in which it was told. */
export function observationsOf(run: Run): Observation[] {
  const asked = run.calls.flatMap((call): Observation[] => {
    const ticket = ticketIn(call)
    if (!ticket) return []
    const status = call.answer?.status as Status
    const { sentAt: from, sentNo: fromNo, answeredAt: at, answeredNo: atNo } = call
    return [{ ticket, status, from, fromNo, at, atNo, stream: undefined }]
  })
  const pushed = run.streams.flatMap(({ id, ticket, openedAt, openedNo, seen }) =>
    seen.map(({ at, no, status }): Observation => {
      return { ticket, status, from: openedAt, fromNo: openedNo, at, atNo: no, stream: id }
    }),
  )
  return [...asked, ...pushed].sort((a, b) => a.atNo - b.atNo)
}

export const ticketKey = ({ concertId, number }: Ticket): string => `${concertId} ${number}`
