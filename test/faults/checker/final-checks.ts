/** Invariant 17: recovery after the last fault. */
import { newlyAdmitted } from './queue-history.ts'
import { isCalm, type Run } from './load-run.ts'
import type { Sample } from '../sampler.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Stricter than the promise of 30 s, which also has to cover the grace period of an empty Redis. */
const IDLE_MS_MAX = 10_000

const finalCheckResults = (run: Run, wanted: string): CheckResult =>
  checkEach(
    run.finalChecks.filter(({ check }) => check === wanted),
    ({ ok, about }) => (ok ? undefined : `not true: ${about}`),
  )

const couldAdmit = (sample: Sample): boolean =>
  !sample.paused &&
  sample.recoveringUntil < sample.time &&
  sample.waiting.length > 0 &&
  sample.admitted.length < sample.capacity

/** While nothing is broken, nobody waits for long beside free capacity without somebody being let in; a rate may make it slow. */
function freeIsGiven(run: Run): CheckResult {
  const idle = [...run.samples].flatMap(([concert, samples]) => {
    let since: number | undefined
    return samples.flatMap((sample, index) => {
      const calm = isCalm(run, sample.at - IDLE_MS_MAX, sample.until)
      const before = samples[index - 1]
      if (before && newlyAdmitted({ concert, before, after: sample }).length > 0) since = undefined
      since = calm && couldAdmit(sample) ? (since ?? sample.at) : undefined
      return calm ? [{ concert, since, until: sample.until }] : []
    })
  })
  return checkEach(idle, ({ concert, since = Infinity, until }) =>
    until - since > IDLE_MS_MAX ? `${concert}: nobody was let in from ${since} on` : undefined,
  )
}

/** So long after the last fault, and after the servers were started cold, whoever asks is answered. */
function allAreAnswered(run: Run): CheckResult {
  const started = run.calls[0]?.sentAt ?? 0
  const calmFrom = Math.max(started, ...run.faults.map(({ until }) => until)) + IDLE_MS_MAX
  return checkEach(
    run.calls.filter(({ sentAt }) => sentAt > calmFrom),
    ({ op, call, outcome, code = 'nothing' }) =>
      outcome === 'unknown' ? `${op} ${call} was answered ${code}, and nothing is broken` : undefined,
  )
}

/** After a switchover every server writes to the new primary. The fault itself looks, and fails where one does not. */
function switchoversAreFollowed({ settings }: Run): CheckResult {
  const isSwitchover = (name: string): boolean => name.includes('switched over')
  const failed = settings.failures.filter(({ name }) => isSwitchover(name))
  const done = Object.entries(settings.faults).flatMap(([name, times]) => (isSwitchover(name) ? times : []))
  return {
    facts: failed.length + done.reduce((sum, times) => sum + times, 0),
    violations: failed.map(({ name, why }) => `${name}: ${why}`),
  }
}

export const finalChecks: readonly Check[] = [
  { invariant: 17, name: 'every server is ready again', run: (run) => finalCheckResults(run, 'ready') },
  { invariant: 17, name: 'every request gets a response', run: allAreAnswered },
  { invariant: 17, name: 'servers follow a switchover', needsAllFaults: true, run: switchoversAreFollowed },
  { invariant: 17, name: 'free capacity is admitted', run: freeIsGiven },
  { invariant: 17, name: 'a new buyer is admitted', run: (run) => finalCheckResults(run, 'admitted') },
  { invariant: 17, name: 'a lapsed seat can be held again', run: (run) => finalCheckResults(run, 'reheld') },
  {
    invariant: 17,
    name: 'no subscription outlives its client',
    run: (run) => finalCheckResults(run, 'released'),
  },
  { invariant: 17, name: 'every event is delivered', run: (run) => finalCheckResults(run, 'drained') },
]
