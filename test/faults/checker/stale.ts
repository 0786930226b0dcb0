/** More of invariant 14: without faults, no subscription shows an old status for long. */
import type { Status } from '../log.ts'
import type { Sample } from '../sampler.ts'
import { ticketKey } from './queue-history.ts'
import { isCalm, type Run, type Stream } from './load-run.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** So long after a fault, streams are there again, and have been told. */
const RECOVERED_MS = 5_000
/** What is told takes a beat of the watcher, a look at everybody, and a busy machine's time. */
const TOLD_MS_MAX = 3_000
/** The far end hears less often: see src/queue/positions/throttle.ts. */
const MS_PER_PLACE = 10

const late = ({ position = 0 }: Status): number => TOLD_MS_MAX + MS_PER_PLACE * position

/** Where each ticket stood: a position in line, or that it was in, or absent. Whoever is not there has ended. */
const placesIn = memo(({ waiting, admitted, absent }: Sample) => {
  const places = new Map<number, number | 'in' | 'absent'>()
  waiting.forEach(([, number], index) => places.set(number, index + 1))
  for (const [, number] of admitted) places.set(number, 'in')
  for (const [, number] of absent) places.set(number, 'absent')
  return places
})

/** What was told last, and what was so in the time in which it has to be told. */
interface Fact {
  stream: Stream
  at: number
  shown: Status
  actual: (number | 'in' | 'absent' | undefined)[]
}

function* factsOf(run: Run): Generator<Fact> {
  for (const stream of run.streams) {
    const samples = run.samples.get(stream.ticket.concertId) ?? []
    let next = 0
    let shown: Stream['seen'][number] | undefined
    for (const [index, sample] of samples.entries()) {
      const at = sample.until
      if (at >= stream.closedAt) break
      for (; (stream.seen[next]?.at ?? Infinity) <= at; next++) shown = stream.seen[next]
      if (!shown) continue
      const since = at - late(shown.status)
      if (shown.at > since || !isCalm(run, since - RECOVERED_MS, at)) continue
      let first = index
      while (first > 0 && (samples[first]?.until ?? 0) >= since) first -= 1
      const actual = samples.slice(first, index + 1).map((it) => placesIn(it).get(stream.ticket.number))
      yield { stream, at, shown: shown.status, actual }
    }
  }
}

function isSo({ __typename, position = 0 }: Status, actual: Fact['actual']): boolean {
  if (__typename === 'Admitted') return actual.includes('in')
  if (__typename !== 'Waiting') return actual.includes(undefined)
  // Between two looks it may have stood at any place in between.
  const places = actual.filter((it) => typeof it === 'number')
  return Math.min(...places) <= position && position <= Math.max(...places)
}

const notStale = (run: Run): CheckResult =>
  checkEach(factsOf(run), ({ stream, at, shown, actual }) =>
    isSo(shown, actual)
      ? undefined
      : `stream ${stream.id}, ${ticketKey(stream.ticket)}: says ${JSON.stringify(shown)} at ${at}, and it was ${actual.join(', ')}`,
  )

function memo<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>()
  return (key) => {
    const value = made.get(key) ?? make(key)
    made.set(key, value)
    return value
  }
}

export const staleChecks: readonly Check[] = [
  { invariant: 14, name: 'without faults, a subscription matches the queue', run: notStale },
]
