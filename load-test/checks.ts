/** Checks a sale by what its buyers observed. There are no false alarms: network delays and slow processes are allowed for. */
import { isOver, type BuyerHistory } from './history.ts'

/** A buyer who was disconnected for longer may have been skipped: the grace period of a server is five minutes, or less. */
const DISCONNECTED_MS_MAX = 30_000

export interface Observations {
  /** The largest capacity that the queue had. */
  capacity: number
  /** The largest admittedCount that the queue reported. */
  admittedMax: number
  /** Reservations whose payment was acknowledged, and that are no longer paid when read again. */
  lostReservations: readonly string[]
  /** False: the sale was interrupted, and buyers without an outcome are no finding. */
  complete: boolean
}

export interface Findings {
  /** Seats that belonged to two buyers at the same time. */
  oversold: string[]
  /** Buyers who were admitted after a higher number, though they were connected. */
  overtaken: string[]
  /** Admitted buyers beyond the capacity. */
  overshoot: number
  /** Payments that are gone, and buyers without an outcome. */
  lost: string[]
}

export const isPassed = ({ oversold, overtaken, overshoot, lost }: Findings): boolean =>
  oversold.length + overtaken.length + overshoot + lost.length === 0

export function checkSale(buyers: readonly BuyerHistory[], observed: Observations): Findings {
  const admitted = Math.max(observed.admittedMax, admittedAtOnce(buyers))
  return {
    oversold: oversold(buyers),
    overtaken: overtaken(buyers),
    overshoot: Math.max(0, admitted - observed.capacity),
    lost: [
      ...observed.lostReservations.map((id) => `the paid reservation ${id}`),
      ...(observed.complete ? withoutOutcome(buyers) : []),
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
 * An admission that is not used yet ends a fixed time after it began, so the first `until` values are in the order of the
 * admissions, by the clock of the queue.
 */
function overtaken(buyers: readonly BuyerHistory[]): string[] {
  const found: string[] = []
  let earliestAfter = { number: 0, until: Infinity }
  for (const { number, until, disconnectedMs } of inOrder(buyers).reverse()) {
    if (until > earliestAfter.until && disconnectedMs <= DISCONNECTED_MS_MAX) {
      found.push(`number ${number}, by number ${earliestAfter.number}`)
    }
    if (until < earliestAfter.until) earliestAfter = { number, until }
  }
  return found
}

const inOrder = (
  buyers: readonly BuyerHistory[],
): { number: number; until: number; disconnectedMs: number }[] =>
  buyers
    .flatMap(({ number, turnEndsAt: until, disconnectedMs }) =>
      number === null || until === null ? [] : [{ number, until, disconnectedMs }],
    )
    .sort((a, b) => a.number - b.number)

/** The largest number of buyers who were certainly admitted at the same time. */
function admittedAtOnce(buyers: readonly BuyerHistory[]): number {
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

const withoutOutcome = (buyers: readonly BuyerHistory[]): string[] =>
  buyers.flatMap((buyer, index) =>
    isOver(buyer) && buyer.phase !== 'failed' ? [] : [`buyer ${index}: ${buyer.phase}`],
  )
