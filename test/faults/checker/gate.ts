/** Two more sides of invariant 5: who is skipped was not there, and who holds seats was let in. */
import { admissionsOf, nameOf, stepsOf, ticketIn } from './line.ts'
import { groupBy, type Run } from './load.ts'
import { reservationsOf } from './rows.ts'
import { each, type Check, type Found } from './types.ts'

/** Nobody is called absent who asked, and was answered, within the grace period. */
function skippedWereAbsent(run: Run): Found {
  const { graceMs } = run.settings
  const asked = groupBy(
    run.calls.filter(
      ({ op, outcome, theft }) =>
        outcome === 'ok' && theft === undefined && (op === 'queueTicket' || op === 'issueQueueToken'),
    ),
    (call) => nameOf(ticketIn(call) ?? { concertId: '', number: 0, userId: '' }),
  )
  const skipped = stepsOf(run).flatMap(({ concert, before, after }) => {
    const stood = new Set(before.waiting.map(([user, number]) => `${user} ${number}`))
    return after.absent.flatMap(([user, number]) =>
      stood.has(`${user} ${number}`) ? [{ concert, user, number, before, after }] : [],
    )
  })
  return each(skipped, ({ concert, user, number, before, after }) => {
    const seen = (asked.get(`${concert} ${number}`) ?? []).find(
      ({ sentAt, answeredAt }) => answeredAt < before.until && sentAt > after.firstTime - graceMs,
    )
    return seen && `${user} (${number}) was skipped at ${after.at}, and had asked at ${seen.sentAt}`
  })
}

/** Nobody holds seats with a ticket that was not let in before. */
function heldWereAdmitted(run: Run): Found {
  const admissions = admissionsOf(run)
  const sampled = reservationsOf(run).filter(
    ({ concertId, heldAt }) => (run.samples.get(concertId)?.at(-1)?.until ?? 0) > heldAt,
  )
  return each(sampled, ({ id, userId, concertId, ticketNumber, heldAt }) =>
    (admissions.get(`${concertId} ${ticketNumber}`) ?? Infinity) < heldAt + SAMPLING_MS
      ? undefined
      : `${userId} held ${id} with ${ticketNumber}, which was not let in`,
  )
}

/** Two looks of the sampler, on a busy machine. */
const SAMPLING_MS = 1_000

export const gateChecks: readonly Check[] = [
  { invariant: 5, name: 'who is skipped was not there', look: skippedWereAbsent },
  { invariant: 5, name: 'who holds seats was let in', look: heldWereAdmitted },
]
