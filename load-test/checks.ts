/** Judges a sale by what its buyers saw. Every rule is sound: what the network or a slow process can explain is no finding. */
import { isOver, type BuyerHistory } from './history.ts'

/** Somebody who was out of reach for longer than that may have been skipped: servers allow five minutes, or less. */
const DISCONNECTED_MS_MAX = 30_000

/** What was seen besides. */
export interface Observations {
  /** The largest capacity that was in force. */
  capacity: number
  /** The most that the queue itself said were admitted. */
  admittedMax: number
  /** Reservations that their buyers were told are paid, and that are not when asked for again. */
  lostReservations: readonly string[]
  /** Did the sale end by itself? If not, who has no answer yet was only interrupted. */
  complete: boolean
}

export interface Findings {
  /** Seats that two buyers had at the same time. */
  oversold: string[]
  /** Buyers who were let in after somebody behind them, though they were there. */
  overtaken: string[]
  /** How many more were in than there was room for. */
  overshoot: number
  /** Payments that are gone, and buyers who never got an answer. */
  lost: string[]
}

export const isPassed = ({ oversold, overtaken, overshoot, lost }: Findings): boolean =>
  oversold.length + overtaken.length + overshoot + lost.length === 0

export function checkSale(buyers: readonly BuyerHistory[], seen: Observations): Findings {
  const admitted = Math.max(seen.admittedMax, surelyAdmittedAtOnce(buyers))
  return {
    oversold: oversold(buyers),
    overtaken: overtaken(buyers),
    overshoot: Math.max(0, admitted - seen.capacity),
    lost: [
      ...seen.lostReservations.map((id) => `the paid reservation ${id}`),
      ...(seen.complete ? unanswered(buyers) : []),
    ],
  }
}

function oversold(buyers: readonly BuyerHistory[]): string[] {
  const bySeat = new Map<string, { from: number; to: number }[]>()
  for (const { seats, from, to } of buyers.flatMap(({ owned }) => owned)) {
    for (const seat of seats) {
      const spans = bySeat.get(seat)
      if (spans) spans.push({ from, to })
      else bySeat.set(seat, [{ from, to }])
    }
  }
  const shared = ([, spans]: [string, { from: number; to: number }[]]): boolean => {
    let until = -Infinity
    return spans
      .sort((a, b) => a.from - b.from)
      .some(({ from, to }) => {
        const overlaps = from < until
        until = Math.max(until, to)
        return overlaps
      })
  }
  return [...bySeat].filter(shared).map(([seat]) => seat)
}

/**
 * A turn that nobody has used ends a fixed time after the admission, so the ends that the server says first are in
 * the order of the admissions, by the clock of the queue itself.
 */
function overtaken(buyers: readonly BuyerHistory[]): string[] {
  const found: string[] = []
  let earliestBehind = { number: 0, until: Infinity }
  for (const { number, until, awayMs } of inOrder(buyers).reverse()) {
    if (until > earliestBehind.until && awayMs <= DISCONNECTED_MS_MAX) {
      found.push(`number ${number}, by number ${earliestBehind.number}`)
    }
    if (until < earliestBehind.until) earliestBehind = { number, until }
  }
  return found
}

const inOrder = (buyers: readonly BuyerHistory[]): { number: number; until: number; awayMs: number }[] =>
  buyers
    .flatMap(({ number, turnEndsAt: until, disconnectedMs: awayMs }) =>
      number === null || until === null ? [] : [{ number, until, awayMs }],
    )
    .sort((a, b) => a.number - b.number)

/** The most whose turns had surely begun and were surely not over. */
function surelyAdmittedAtOnce(buyers: readonly BuyerHistory[]): number {
  const changes = buyers
    .flatMap(({ admittedAt, lastAdmittedAt: provenAt }) =>
      admittedAt === null || provenAt === null || provenAt <= admittedAt
        ? []
        : [
            { at: admittedAt, by: 1 },
            { at: provenAt, by: -1 },
          ],
    )
    .sort((a, b) => a.at - b.at || a.by - b.by)
  let now = 0
  let most = 0
  for (const { by } of changes) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

const unanswered = (buyers: readonly BuyerHistory[]): string[] =>
  buyers.flatMap((buyer, index) =>
    isOver(buyer) && buyer.phase !== 'failed' ? [] : [`buyer ${index} has no answer (${buyer.phase})`],
  )
