/** Invariant 14: what a subscriber sees never goes backwards. */
import { lossesOf, ticketKey, observationsOf, type Loss, type Observation } from './queue-history.ts'
import { groupBy, type Run } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** What is read just before a fault may arrive so much later. */
const LATE_MS = 10_000

interface Pair {
  earlier: Observation
  later: Observation
}

/** What was said later about the same ticket: later on the same stream, or asked for after it was told. */
function pairsOf(run: Run): Pair[] {
  const tickets = groupBy(
    observationsOf(run).filter(({ ticket }) => run.samples.has(ticket.concertId)),
    ({ ticket }) => ticketKey(ticket),
  )
  return [...tickets.values()].flatMap((observations) =>
    observations.flatMap((later, index): Pair[] => {
      const earlier = observations
        .slice(0, index)
        .findLast((it) => it.atNo < later.fromNo || (it.stream !== undefined && it.stream === later.stream))
      return earlier ? [{ earlier, later }] : []
    }),
  )
}

const lostMeanwhile = (losses: readonly Loss[], { earlier, later }: Pair): boolean =>
  losses.some(
    ({ concert, from, until }) =>
      concert === earlier.ticket.concertId && until > earlier.at - LATE_MS && from < later.at,
  )

/** May somebody have gone back in, ahead of this number, in that time? */
function mayHaveReturned(run: Run, { earlier, later }: Pair): boolean {
  const { concertId, number: own } = earlier.ticket
  const samples = run.samples.get(concertId) ?? []
  if ((samples.at(-1)?.until ?? 0) < later.at) return true
  return samples.some((after, index) => {
    const before = samples[index - 1]
    if (!before || after.at < earlier.at - LATE_MS || before.until > later.at) return false
    const stood = new Map(before.waiting.map(([, number, presentUntil]) => [number, presentUntil]))
    return after.waiting.some(([, number]) => {
      if (number >= own || number >= before.next) return false
      const presentUntil = stood.get(number)
      return presentUntil === undefined || presentUntil <= after.firstTime
    })
  })
}

function neverBackwards(run: Run): CheckResult {
  const losses = lossesOf(run)
  return checkEach(pairsOf(run), (pair) => {
    const { earlier, later } = pair
    const [was, is] = [earlier.status, later.status]
    const describe = (): string =>
      `${ticketKey(later.ticket)}: ${JSON.stringify(was)} at ${earlier.at}, then ${JSON.stringify(is)} at ${later.at}`
    if (was.__typename === 'Finished') {
      const files = losses.filter(({ empty }) => !empty)
      return is.__typename !== 'Finished' && !lostMeanwhile(files, pair) && describe()
    }
    if (lostMeanwhile(losses, pair)) return undefined
    if (was.__typename === 'Lapsed') {
      // A payment that was under way may still finish what has lapsed.
      const same = is.__typename === 'Finished' || (is.__typename === 'Lapsed' && is.reason === was.reason)
      return !same && describe()
    }
    if (was.__typename === 'Admitted') {
      if (is.__typename === 'Waiting') return describe()
      return (
        is.__typename === 'Admitted' && Date.parse(is.until ?? '') < Date.parse(was.until ?? '') && describe()
      )
    }
    if (is.__typename !== 'Waiting') return undefined
    const behind = (is.position ?? 0) > (was.position ?? 0)
    return behind && !mayHaveReturned(run, pair) && describe()
  })
}

/** Positions are read one after the other, and they are those of the line. */
const inLine = (run: Run): CheckResult => {
  const pushed = run.streams.flatMap(({ seen }) => seen.map(({ status }) => status))
  return checkEach(pushed, (status) =>
    status.__typename === 'Waiting' && !((status.position ?? 0) >= 1)
      ? `a stream said ${JSON.stringify(status)}`
      : undefined,
  )
}

const atQuiet = (run: Run): CheckResult =>
  checkEach(
    run.finalChecks.filter(({ check }) => check === 'quiet'),
    ({ ok, about }) => (ok ? undefined : about),
  )

export const streamChecks: readonly Check[] = [
  { invariant: 14, name: 'a status never goes backwards', run: neverBackwards },
  { invariant: 14, name: 'positions begin at 1', run: inLine },
  { invariant: 14, name: 'without changes, a subscription matches a query', run: atQuiet },
]
