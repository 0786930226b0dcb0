/** What each buyer observed: the input of the checks. Times are milliseconds on this process's monotonic clock. */

export type Outcome = 'paid' | 'soldOut' | 'outraced' | 'gaveUp' | 'lapsed' | 'failed'
export type Phase = 'outside' | 'waiting' | 'choosing' | 'holding' | Outcome

/** Seats that certainly belonged to this buyer alone from the arrival of a response, `from`, to the sending of a request, `to`. */
export interface Ownership {
  /** `performance id/number` */
  seats: readonly string[]
  from: number
  to: number
}

export interface BuyerHistory {
  phase: Phase
  /** Of the ticket; null: not known. */
  number: number | null
  joinedAt: number | null
  admittedAt: number | null
  /** The first `until` of the admission, in epoch milliseconds of the server's clock: it orders the admissions. */
  turnEndsAt: number | null
  /** The last moment at which the ticket was certainly admitted. */
  lastAdmittedAt: number | null
  /** While waiting: since when there is no connection; null: there is one. */
  disconnectedSince: number | null
  /** The longest time without a connection while waiting. */
  disconnectedMs: number
  endedAt: number | null
  owned: Ownership[]
  paid: { reservationId: string; seats: readonly string[] } | null
}

export const newHistory = (): BuyerHistory => ({
  phase: 'outside',
  number: null,
  joinedAt: null,
  admittedAt: null,
  turnEndsAt: null,
  lastAdmittedAt: null,
  disconnectedSince: null,
  disconnectedMs: 0,
  endedAt: null,
  owned: [],
  paid: null,
})

const finalPhases: ReadonlySet<Phase> = new Set(['paid', 'soldOut', 'outraced', 'gaveUp', 'lapsed', 'failed'])

export const isOver = ({ phase }: BuyerHistory): boolean => finalPhases.has(phase)
