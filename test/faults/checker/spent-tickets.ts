/** Invariant 12: a ticket that has paid or left gives no access. */
import { lossesOf, ticketKey, observationsOf } from './queue-history.ts'
import { groupBy, type Run } from './load-run.ts'
import { reservationsOf, spentOf, type SpentTicket } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

const ALLOWED_MS = 2_000
/** So long after a fault, what it broke works again. */
const RECOVERED_MS = 5_000

/** In PostgreSQL at once: from the payment on nothing is held with it. */
function opensNothing(run: Run): CheckResult {
  const held = groupBy(reservationsOf(run), (it) => `${it.concertId} ${it.userId} ${it.ticketNumber}`)
  return checkEach(spentOf(run), ({ concertId, userId, number, spentAt }) => {
    const after = (held.get(`${concertId} ${userId} ${number}`) ?? []).find(({ heldAt }) => heldAt > spentAt)
    return after && `${userId} held ${after.id} with ${number}, which was spent before`
  })
}

/** From when on Redis has to know: two seconds, not counting the time in which something was broken. */
function knownFrom(run: Run, spentAt: number): number {
  let from = spentAt
  for (const fault of run.faults.toSorted((a, b) => a.from - b.from)) {
    if (fault.from < from + ALLOWED_MS && fault.until + RECOVERED_MS > from) from = fault.until + RECOVERED_MS
  }
  return from + ALLOWED_MS
}

/** A Redis that came back from an older file may not know it again. An empty one asks. */
function createForgotten(run: Run): (ticket: SpentTicket) => boolean {
  const losses = lossesOf(run).filter(({ empty }) => !empty)
  return ({ concertId, spentAt }) => losses.some((loss) => loss.concert === concertId && loss.until > spentAt)
}

function isOutOfLine(run: Run): CheckResult {
  const isForgotten = createForgotten(run)
  const seen = spentOf(run).flatMap((ticket) => {
    if (isForgotten(ticket)) return []
    const from = knownFrom(run, ticket.spentAt)
    const later = (run.samples.get(ticket.concertId) ?? []).filter(({ at }) => at > from)
    // Where nobody looked afterwards there is nothing to say.
    return later.length > 0 ? [{ ticket, later }] : []
  })
  return checkEach(seen, ({ ticket: { concertId, userId, number, spentAt }, later }) => {
    const still = later.find(({ waiting, admitted, absent }) =>
      [...waiting, ...admitted, ...absent].some((place) => place[1] === number),
    )
    return (
      still && `${userId} still stands in ${concertId} with ${number}, spent ${still.at - spentAt} ms before`
    )
  })
}

function isSaidToBeFinished(run: Run): CheckResult {
  const isForgotten = createForgotten(run)
  const spent = new Map(spentOf(run).map((ticket) => [ticketKey(ticket), ticket]))
  const told = observationsOf(run).flatMap((it) => {
    const ticket = spent.get(ticketKey(it.ticket))
    return ticket && it.stream === undefined && !isForgotten(ticket) ? [{ ...it, ticket }] : []
  })
  const late = told.filter(({ ticket, from }) => from > knownFrom(run, ticket.spentAt))
  return checkEach(late, ({ ticket, status, from }) =>
    status.__typename === (ticket.reason === 'PAID' ? 'Finished' : 'Lapsed')
      ? undefined
      : `${ticketKey(ticket)} is said to be ${status.__typename}, ${from - ticket.spentAt} ms after it was spent`,
  )
}

export const spentChecks: readonly Check[] = [
  { invariant: 12, name: 'nothing is held with a spent ticket', run: opensNothing },
  { invariant: 12, name: 'a spent ticket is out of the queue within 2 s', run: isOutOfLine },
  {
    invariant: 12,
    name: 'an ended ticket is reported as finished, or as lapsed if it left',
    run: isSaidToBeFinished,
  },
]
