/** The rows of the database, with types. */
import type { Change } from '../history.ts'
import type { Run } from './load-run.ts'

export interface Reservation {
  id: string
  performanceId: string
  concertId: string
  userId: string
  ticketNumber: number
  seatNumbers: number[]
  price: number
  status: 'HELD' | 'PAID' | 'EXPIRED' | 'CANCELLED' | 'REFUNDED'
  heldAt: number
  heldUntil: number
  /** Null: still HELD. */
  decidedAt: number | null
}

export interface SeatClaim {
  performanceId: string
  seatNumber: number
  reservationId: string
  releasedAt: number | null
}

export interface SpentTicket {
  concertId: string
  userId: string
  number: number
  spentAt: number
  reason: 'PAID' | 'LEFT'
}

type Row = Record<string, unknown>

/** Milliseconds since 1970 of what PostgreSQL wrote. */
const ms = (value: unknown): number => Date.parse(String(value))

const msOrNull = (value: unknown): number | null => (value === null ? null : ms(value))

export const toReservation = (row: Row): Reservation => ({
  id: String(row.id),
  performanceId: String(row.performance_id),
  concertId: String(row.concert_id),
  userId: String(row.user_id),
  ticketNumber: Number(row.ticket_number),
  seatNumbers: row.seat_numbers as number[],
  price: Number(row.price),
  status: row.status as Reservation['status'],
  heldAt: ms(row.held_at),
  heldUntil: ms(row.held_until),
  decidedAt: msOrNull(row.decided_at),
})

export const reservationsOf = ({ history }: Run): Reservation[] =>
  history.rows.reservations.map(toReservation)

export const claimsOf = ({ history }: Run): SeatClaim[] =>
  history.rows.seat_claims.map((row) => ({
    performanceId: String(row.performance_id),
    seatNumber: Number(row.seat_number),
    reservationId: String(row.reservation_id),
    releasedAt: msOrNull(row.released_at),
  }))

export const spentOf = ({ history }: Run): SpentTicket[] =>
  history.rows.spent_tickets.map((row) => ({
    reason: row.reason === 'LEFT' ? 'LEFT' : 'PAID',
    concertId: String(row.concert_id),
    userId: String(row.user_id),
    number: Number(row.number),
    spentAt: ms(row.spent_at),
  }))

/** Until when a reservation keeps others out. */
export const endOf = ({ status, heldUntil, decidedAt }: Reservation): number =>
  status === 'PAID' ? Infinity : Math.min(heldUntil, decidedAt ?? Infinity)

/** What a transaction did under an idempotency key. */
export interface Intent {
  user: string
  key: string
  operation: string
  answer: Row | null
  tx: string
  at: number
}

/** Of every key that was kept, in every transaction that took it. */
export function intentsOf({ transactions }: Run): Intent[] {
  const intents: Intent[] = []
  for (const [tx, changes] of transactions) {
    const byKey = new Map<string, Intent>()
    for (const { tbl, op, was, now, at } of changes) {
      if (tbl !== 'idempotency_keys') continue
      const row = now ?? was ?? {}
      const name = `${String(row.user_id)} ${String(row.key)}`
      if (op === 'DELETE') byKey.delete(name)
      else {
        byKey.set(name, {
          user: String(row.user_id),
          key: String(row.key),
          operation: String((row.intent as Row).operation),
          answer: row.answer as Row | null,
          tx,
          at,
        })
      }
    }
    intents.push(...byKey.values())
  }
  return intents
}

/** How many of a transaction's changes are of this kind. */
export const countOf = (
  changes: readonly Change[],
  tbl: Change['tbl'],
  op: Change['op'],
  wanted: (now: Row, was: Row) => boolean = () => true,
): number =>
  changes.filter(
    (change) => change.tbl === tbl && change.op === op && wanted(change.now ?? {}, change.was ?? {}),
  ).length
