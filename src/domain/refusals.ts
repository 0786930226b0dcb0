/**
 * Refusals: outcomes of a mutation that the caller can act on, one class each. They are members of the mutation's result union in
 * the schema; their messages are shown to users.
 */
export abstract class Refusal extends Error {}

const formatSeats = (seatNumbers: readonly number[]): string =>
  [...seatNumbers].sort((a, b) => a - b).join(', ')

export class SalesClosed extends Refusal {
  constructor() {
    super('This is no longer on sale.')
  }
}

export class SeatTaken extends Refusal {
  readonly seatNumbers: number[]
  constructor(seatNumbers: number[]) {
    super(`Taken already: seat ${formatSeats(seatNumbers)}. None of the seats you asked for is held.`)
    this.seatNumbers = seatNumbers
  }
}

export class SeatNotFound extends Refusal {
  readonly seatNumbers: number[]
  constructor(seatNumbers: number[]) {
    super(`There is no seat ${formatSeats(seatNumbers)} on this date.`)
    this.seatNumbers = seatNumbers
  }
}

export class SeatLimitExceeded extends Refusal {
  readonly limit: number
  constructor(limit: number) {
    super(`You can have at most ${limit} seats for this concert, held and paid together.`)
    this.limit = limit
  }
}

export class HoldExpired extends Refusal {
  readonly heldUntil: Date
  constructor(heldUntil: Date) {
    super('These seats are no longer held for you. Hold them again if they are still free.')
    this.heldUntil = heldUntil
  }
}

export class AlreadyPaid extends Refusal {
  readonly paymentId: string
  constructor(paymentId: string) {
    super('This reservation is already paid for.')
    this.paymentId = paymentId
  }
}

export class InsufficientPoints extends Refusal {
  readonly balance: number
  readonly price: number
  constructor(balance: number, price: number) {
    super(`This costs ${price} points and you have ${balance}. Charge at least ${price - balance} more.`)
    this.balance = balance
    this.price = price
  }
}

export class ReservationNotFound extends Refusal {
  constructor() {
    super('You have no such reservation.')
  }
}

export class BalanceLimitExceeded extends Refusal {
  readonly limit: number
  constructor(limit: number) {
    super(`A balance can hold at most ${limit} points.`)
    this.limit = limit
  }
}

export class IdempotencyKeyReused extends Refusal {
  constructor() {
    super('This idempotency key was already used for something else. A new intent takes a new key.')
  }
}

export class InvalidConcert extends Refusal {}
