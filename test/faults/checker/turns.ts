/** Invariant 25: no turn is longer than its longest length, and nothing is held with a ticket that has ended. */
import { lossesOf } from './queue-history.ts'
import { groupBy, type Run } from './load-run.ts'
import { endOf, reservationsOf, spentOf } from './rows.ts'
import { checkEach, type Check, type CheckResult } from './types.ts'

/** Two looks of the sampler, on a busy machine. */
const SAMPLING_MS = 1_000

const turnMs = ({ settings }: Run): number => settings.longestAdmissionMs + settings.holdMs

/** Holds of one ticket end a longest turn after the first of them at the latest. */
function holdsEndWithTurn(run: Run): CheckResult {
  const byTicket = groupBy(reservationsOf(run), (it) => `${it.concertId} ${it.userId} ${it.ticketNumber}`)
  const first = new Map(
    [...byTicket].map(([name, own]) => [name, Math.min(...own.map(({ heldAt }) => heldAt))]),
  )
  return checkEach(reservationsOf(run), ({ id, concertId, userId, ticketNumber, heldUntil }) => {
    const began = first.get(`${concertId} ${userId} ${ticketNumber}`) ?? heldUntil
    return heldUntil > began + turnMs(run)
      ? `${id} is held until ${heldUntil}, ${heldUntil - began} ms after the first hold with ${ticketNumber}`
      : undefined
  })
}

/** No admission is promised for longer than a claim and a turn, counted from when it was first seen. */
function turnsEnd(run: Run): CheckResult {
  const losses = lossesOf(run)
  const seen = [...run.samples].flatMap(([concert, samples]) => {
    let since = new Map<number, number>()
    return samples.flatMap((sample, index) => {
      const from = samples[index - 1]?.until ?? 0
      const lost = losses.some((it) => it.concert === concert && it.until >= from && it.from <= sample.until)
      const known = lost ? new Map<number, number>() : since
      since = new Map(sample.admitted.map(([, number]) => [number, known.get(number) ?? sample.time]))
      return sample.admitted.map(([user, number, deadline]) => {
        return { concert, user, number, lasts: deadline - (since.get(number) ?? deadline) }
      })
    })
  })
  const longest = run.settings.longestClaimMs + turnMs(run) + SAMPLING_MS
  return checkEach(seen, ({ concert, user, number, lasts }) =>
    lasts > longest ? `${user} (${number}) is let in to ${concert} for ${lasts} ms` : undefined,
  )
}

/** When a ticket ends, so does what is held with it. */
function endedHoldNothing(run: Run): CheckResult {
  const held = groupBy(reservationsOf(run), (it) => `${it.concertId} ${it.userId} ${it.ticketNumber}`)
  return checkEach(spentOf(run), ({ concertId, userId, number, spentAt }) => {
    const own = held.get(`${concertId} ${userId} ${number}`) ?? []
    const still = own.find((it) => endOf(it) !== Infinity && endOf(it) > spentAt)
    return (
      still && `${userId} holds ${still.id} until ${endOf(still)} with ${number}, which ended at ${spentAt}`
    )
  })
}

/** A ticket that has paid for something and holds nothing else is spent. */
function paidAreSpent(run: Run): CheckResult {
  const spent = new Set(
    spentOf(run).map(({ concertId, userId, number }) => `${concertId} ${userId} ${number}`),
  )
  const held = groupBy(reservationsOf(run), (it) => `${it.concertId} ${it.userId} ${it.ticketNumber}`)
  const paid = [...held].filter(([, own]) => own.some(({ status }) => status === 'PAID'))
  return checkEach(paid, ([name, own]) =>
    spent.has(name) || own.some(({ status }) => status === 'HELD')
      ? undefined
      : `${name} has paid, holds nothing, and is not spent`,
  )
}

export const turnChecks: readonly Check[] = [
  { invariant: 25, name: 'holds of a ticket end with its turn', run: holdsEndWithTurn },
  { invariant: 25, name: 'a turn has a longest length', run: turnsEnd },
  { invariant: 25, name: 'nothing is held with a ticket that has ended', run: endedHoldNothing },
  { invariant: 25, name: 'a ticket that has paid is spent when it holds nothing', run: paidAreSpent },
]
