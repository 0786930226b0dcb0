/** Invariants 6 and 7: places are kept, and there is one for each. */
import { admissionsOf, lossesOf, ticketKey, observationsOf, ticketIn, type Loss } from './queue-history.ts'
import { readToken, type Ticket } from '../log.ts'
import { uuidOf } from '../sales.ts'
import { groupBy, type Call, type Run } from './load-run.ts'
import { spentOf } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** A Redis that is killed may lose what it answered in the last moments, if the disk was slow. */
const UNWRITTEN_MS = 3_000

/** May this ticket have ended by then, by what everybody knows? */
function createEnds(run: Run): (ticket: Ticket, at: number) => boolean {
  const admissions = admissionsOf(run)
  const spent = new Map(spentOf(run).map((it) => [ticketKey(it), it.spentAt]))
  const left = new Map<string, number>()
  for (const { op, args, sentAt, theft } of run.calls) {
    if (op !== 'leaveQueue' || theft !== undefined) continue
    const name = ticketKey(readToken(String(args.token)))
    left.set(name, Math.min(sentAt, left.get(name) ?? Infinity))
  }
  return (ticket, at) =>
    [admissions, spent, left].some((ends) => (ends.get(ticketKey(ticket)) ?? Infinity) <= at)
}

const lostBetween = (losses: readonly Loss[], concert: string, from: number, until: number): boolean =>
  losses.some((loss) => loss.concert === concert && loss.until > from - UNWRITTEN_MS && loss.from < until)

/** Whether the sampler looked at this queue at that time: without it nobody knows who was let in. */
const isSampled = (run: Run, concert: string, at: number): boolean =>
  (run.samples.get(concert)?.at(-1)?.until ?? 0) + 500 > at

/** Joining again gives the same place for as long as the ticket lives. */
function keepsPlace(run: Run): CheckResult {
  const mayHaveEnded = createEnds(run)
  const losses = lossesOf(run)
  const joins = run.calls.filter(({ op, outcome }) => op === 'issueQueueToken' && outcome === 'ok')
  const pairs: [earlier: Call, later: Call, since: number][] = []
  for (const own of groupBy(joins, (call) => `${call.user} ${ticketIn(call)?.concertId}`).values()) {
    const inOrder = own.sort((a, b) => a.answeredNo - b.answeredNo)
    for (const [index, call] of inOrder.entries()) {
      const later = inOrder.slice(index + 1).find(({ sentNo }) => sentNo > call.answeredNo)
      if (!later) continue
      // A ticket from before a loss is put back when it is shown, and the newer one ends: it counts from its first answer.
      const number = ticketIn(later)?.number
      const told = inOrder.find((it) => ticketIn(it)?.number === number) ?? later
      pairs.push([call, later, Math.min(call.sentAt, told.sentAt)])
    }
  }
  return checkEach(pairs, ([earlier, later, since]) => {
    const [first, second] = [ticketIn(earlier), ticketIn(later)]
    if (!first || !second || first.number === second.number) return undefined
    const { concertId } = first
    if (lostBetween(losses, concertId, since, later.answeredAt)) return undefined
    if (!isSampled(run, concertId, later.answeredAt)) return undefined
    const moved = `${first.userId} had ${first.number} in ${concertId} and got ${second.number}`
    return second.number < first.number || !mayHaveEnded(first, later.answeredAt) ? moved : undefined
  })
}

/** A ticket that nobody ended is not said to be over, whatever died: it waits or is in, at its own number. */
function isNotLost(run: Run): CheckResult {
  const mayHaveEnded = createEnds(run)
  const losses = lossesOf(run)
  const joined = groupBy(
    run.calls.filter(({ op, outcome }) => op === 'issueQueueToken' && outcome === 'ok'),
    ({ user }) => user,
  )
  /** Whoever joins anew instead of showing what they have may end up with the new place. */
  const replaced = ({ userId, concertId, number }: Ticket, at: number): boolean =>
    lostBetween(losses, concertId, 0, at) &&
    (joined.get(userId) ?? []).some((call) => {
      const ticket = ticketIn(call)
      return ticket?.concertId === concertId && ticket.number !== number && call.sentAt < at
    })
  const told = observationsOf(run).filter(({ ticket, at }) => isSampled(run, ticket.concertId, at))
  return checkEach(told, ({ ticket, status, at }) => {
    if (status.__typename !== 'Lapsed' && status.__typename !== 'Finished') return undefined
    return mayHaveEnded(ticket, at) || replaced(ticket, at)
      ? undefined
      : `${ticket.userId} lost place ${ticket.number} of ${ticket.concertId}: ${JSON.stringify(status)} at ${at}`
  })
}

/** No number of a concert is given to two. */
function oneOwner(run: Run): CheckResult {
  const owners = new Map<string, string>()
  const claims = function* (): Generator<Ticket> {
    for (const call of run.calls) {
      const ticket = ticketIn(call)
      if (ticket) yield ticket
    }
    for (const [concertId, samples] of run.samples) {
      for (const { waiting, admitted, absent } of samples) {
        for (const [userId, number] of [...waiting, ...admitted, ...absent])
          yield { userId, concertId, number }
      }
    }
  }
  return checkEach(claims(), (ticket) => {
    const owner = owners.get(ticketKey(ticket)) ?? ticket.userId
    owners.set(ticketKey(ticket), owner)
    return owner === ticket.userId
      ? undefined
      : `${ticketKey(ticket)} belongs to ${owner} and ${ticket.userId}`
  })
}

/** Whoever stands in line stands at a number that they were told, or may have been: nobody is moved. */
function atOwnNumber(run: Run): CheckResult {
  const told = new Set<string>()
  const untold = new Set<string>()
  for (const call of run.calls) {
    const ticket = ticketIn(call)
    if (ticket) told.add(`${ticket.userId} ${ticketKey(ticket)}`)
    else if (call.op === 'issueQueueToken') untold.add(`${call.user} ${uuidOf(String(call.args.concertId))}`)
  }
  const places = [...run.samples].flatMap(([concert, samples]) =>
    samples.flatMap(({ waiting, admitted, absent }) =>
      [...waiting, ...admitted, ...absent].map(([user, number]) => ({ concert, user, number })),
    ),
  )
  return checkEach(places, ({ concert, user, number }) =>
    told.has(`${user} ${concert} ${number}`) || untold.has(`${user} ${concert}`)
      ? undefined
      : `${user} stands at ${number} in ${concert}, and was never told so`,
  )
}

/** In one place at a time. */
function onePlace(run: Run): CheckResult {
  const samples = [...run.samples.values()].flat()
  return checkEach(samples, ({ concert, waiting, admitted, absent, at }) => {
    const users = [...waiting, ...admitted, ...absent].map(([user]) => user)
    return new Set(users).size === users.length ? undefined : `${concert}: somebody stands twice at ${at}`
  })
}

/** Nobody is told that one ticket lives, then another, then the first one again. */
function oneLives(run: Run): CheckResult {
  const losses = lossesOf(run)
  const live = observationsOf(run).filter(({ status }) => ['Waiting', 'Admitted'].includes(status.__typename))
  const byOwner = groupBy(live, ({ ticket }) => `${ticket.userId} ${ticket.concertId}`)
  return checkEach(byOwner.values(), (told) => {
    // What a stream says can have been read at any time since the last thing it said.
    const asked = told.filter(({ stream }) => stream === undefined)
    for (const [index, middle] of asked.entries()) {
      const { number, concertId, userId } = middle.ticket
      const other = (it: (typeof asked)[number]): boolean => it.ticket.number !== number
      const before = asked.slice(0, index).filter((it) => other(it) && it.atNo < middle.fromNo)
      const after = asked.slice(index + 1).find((it) => other(it) && it.fromNo > middle.atNo)
      const first = after && before.find((it) => it.ticket.number === after.ticket.number)
      if (first && !lostBetween(losses, concertId, first.from, after.at)) {
        return `${userId} had both ${number} and ${first.ticket.number} in ${concertId}`
      }
    }
    return undefined
  })
}

export const ticketChecks: readonly Check[] = [
  { invariant: 6, name: 'joining again gives the same place', run: keepsPlace },
  { invariant: 6, name: 'a place that nobody gave up is not lost', run: isNotLost },
  { invariant: 6, name: 'no number has two owners', run: oneOwner },
  { invariant: 6, name: 'everybody stands at their own number', run: atOwnNumber },
  { invariant: 7, name: 'everybody stands in one place', run: onePlace },
  { invariant: 7, name: 'one of two tickets lives', run: oneLives },
]
