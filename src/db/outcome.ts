/** Turns the answers of the SQL functions into results, refusals and problems. */
import { Problem } from '../domain/problem.ts'
import { notAdmitted, otherConcert } from '../domain/queue.ts'
import {
  AlreadyPaid,
  BalanceLimitExceeded,
  HoldExpired,
  IdempotencyKeyReused,
  InsufficientPoints,
  InvalidConcert,
  ReservationNotFound,
  SalesClosed,
  SeatLimitExceeded,
  SeatNotFound,
  SeatTaken,
} from '../domain/refusals.ts'
import type { Payment, Reservation } from '../domain/reservations.ts'

/** A row as JSON: names in snake_case, times as text. */
type Row<Of> = { [Name in keyof Of as Snake<Name & string>]: Of[Name] extends Date ? string : Of[Name] }
type Snake<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${Snake<Rest>}`
  : Name

/** Answers of calls that succeeded. The row is included by the call that inserted it, not by a retry. */
type Success =
  | { outcome: 'Held'; reservationId: string; reservation?: Row<Reservation> }
  | { outcome: 'Cancelled'; reservationId: string }
  | { outcome: 'Paid'; paymentId: string; spentTicketNumber?: number | null; payment?: Row<Payment> }
  | { outcome: 'Charged'; balance: number }
  | { outcome: 'Created'; concertId: string }

type Refused =
  | { outcome: 'SeatTaken' | 'SeatNotFound'; seatNumbers: number[] }
  | { outcome: 'SeatLimitExceeded' | 'BalanceLimitExceeded'; limit: number }
  | { outcome: 'HoldExpired'; heldUntil: string }
  | { outcome: 'AlreadyPaid'; paymentId: string }
  | { outcome: 'InsufficientPoints'; balance: number; price: number }
  | { outcome: 'SalesClosed' | 'ReservationNotFound' | 'IdempotencyKeyReused' | 'PerformanceInPast' }
  | { outcome: 'PerformanceNotFound' | 'OtherConcert' | 'NotAdmitted' | 'TicketSpent' | 'TurnOver' }

export type Outcome = Success | Refused

/**
 * Narrows an answer to the expected success.
 * @throws Refusal or Problem for any other answer
 */
export function expectOutcome<Name extends Success['outcome']>(
  answer: Outcome,
  expected: Name,
): Extract<Success, { outcome: Name }> {
  if (answer.outcome === expected) return answer as Extract<Success, { outcome: Name }>
  throw refusalFor(answer)
}

function refusalFor(answer: Outcome): Error {
  switch (answer.outcome) {
    case 'SeatTaken':
      return new SeatTaken(answer.seatNumbers)
    case 'SeatNotFound':
      return new SeatNotFound(answer.seatNumbers)
    case 'SeatLimitExceeded':
      return new SeatLimitExceeded(answer.limit)
    case 'SalesClosed':
      return new SalesClosed()
    case 'HoldExpired':
      return new HoldExpired(new Date(answer.heldUntil))
    case 'AlreadyPaid':
      return new AlreadyPaid(answer.paymentId)
    case 'InsufficientPoints':
      return new InsufficientPoints(answer.balance, answer.price)
    case 'ReservationNotFound':
      return new ReservationNotFound()
    case 'BalanceLimitExceeded':
      return new BalanceLimitExceeded(answer.limit)
    case 'IdempotencyKeyReused':
      return new IdempotencyKeyReused()
    case 'PerformanceInPast':
      return new InvalidConcert('Every date has to be in the future.')
    case 'PerformanceNotFound':
      return new Problem('NOT_FOUND', 'There is no such performance.')
    case 'OtherConcert':
      return otherConcert()
    case 'NotAdmitted':
    case 'TicketSpent':
    case 'TurnOver':
      return notAdmitted()
    default:
      return new Error(`unexpected outcome ${answer.outcome}`)
  }
}
