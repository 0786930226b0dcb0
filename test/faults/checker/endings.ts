/** Invariant 17: when the last fault is over, it works again. */
import { groupBy, type Run } from './load.ts'
import type { Sample } from '../sampler.ts'
import { each, type Check, type Found } from './types.ts'

/** Stricter than the promise of 30 s, which also has to cover the grace period of an empty Redis. */
const IDLE_MS_MAX = 10_000

const endings = (run: Run, wanted: string): Found =>
  each(
    run.endings.filter(({ check }) => check === wanted),
    ({ ok, about }) => (ok ? undefined : `not true: ${about}`),
  )

const couldAdmit = (sample: Sample): boolean =>
  !sample.paused &&
  sample.recoveringUntil < sample.time &&
  sample.waiting.length > 0 &&
  sample.admitted.length < sample.capacity

/** While nothing is broken, free capacity and a waiting buyer are not together for long. */
function freeIsGiven(run: Run): Found {
  const lastFault = (at: number): number =>
    Math.max(0, ...run.faults.filter(({ from }) => from < at).map(({ until }) => until))
  const calm = [...run.samples.values()].flat().filter(({ until }) => until - lastFault(until) > IDLE_MS_MAX)
  const idle: { concert: string; from: number; until: number }[] = []
  for (const [concert, samples] of groupBy(calm, (sample) => sample.concert)) {
    let since: number | undefined
    for (const sample of samples) {
      if (!couldAdmit(sample)) since = undefined
      else {
        since ??= sample.at
        idle.push({ concert, from: since, until: sample.until })
      }
    }
  }
  const late = idle.filter(({ from, until }) => until - from > IDLE_MS_MAX)
  return {
    facts: calm.length,
    violations: late.map(({ concert, from }) => `${concert}: nobody was let in from ${from} on`),
  }
}

export const endingChecks: readonly Check[] = [
  { invariant: 17, name: 'every server is ready again', look: (run) => endings(run, 'ready') },
  { invariant: 17, name: 'free capacity is given to who waits', look: freeIsGiven },
  { invariant: 17, name: 'a new buyer is let in', look: (run) => endings(run, 'admitted') },
  { invariant: 17, name: 'a lapsed seat can be held again', look: (run) => endings(run, 'reheld') },
  { invariant: 17, name: 'everything has been delivered', look: (run) => endings(run, 'drained') },
]
