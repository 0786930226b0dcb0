/** What the buyers have seen with their own eyes: the facts that a sale is judged by. Times in ms, of this process's clock. */

/** How it ended for a buyer. */
export type Outcome = 'paid' | 'soldOut' | 'outraced' | 'gaveUp' | 'lapsed' | 'failed'
export type Phase = 'outside' | 'waiting' | 'choosing' | 'holding' | Outcome

/** Seats that were surely this buyer's alone from `from` to `to`: from an answer's arrival to a question's departure. */
export interface Ownership {
  /** `performance id/number` */
  seats: readonly string[]
  from: number
  to: number
}

export interface BuyerHistory {
  phase: Phase
  /** Of the ticket: the place in line. null: not known. */
  number: number | null
  joinedAt: number | null
  admittedAt: number | null
  /** The end of the turn as the server said it first, by its clock (epoch ms): it orders the admissions. */
  turnEndsAt: number | null
  /** The last moment at which the turn was surely not over yet. */
  lastAdmittedAt: number | null
  /** The longest time in line without a connection. */
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
  disconnectedMs: 0,
  endedAt: null,
  owned: [],
  paid: null,
})

const finalPhases: ReadonlySet<Phase> = new Set(['paid', 'soldOut', 'outraced', 'gaveUp', 'lapsed', 'failed'])

export const isOver = ({ phase }: BuyerHistory): boolean => finalPhases.has(phase)
