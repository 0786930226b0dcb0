import { HOLD_MS } from '../support/fixtures.ts'

interface Reservation {
  id: string
  user: number
  seats: number[]
  status: 'HELD' | 'PAID' | 'EXPIRED' | 'CANCELLED'
  heldUntil: number
  ticket: number
  heldAt: number
}

export const PRICE = 10
export const SEAT_LIMIT = 3
export const TURN_MS = 2 * HOLD_MS

/** A model of the rules of seats and points. Answers are outcomes as in outcomeOf. */
export class StoreModel {
  now = 0
  readonly reservations: Reservation[] = []
  readonly balances: number[]
  /** The number of the current ticket of each user; `user number` of those that were spent, and left. */
  readonly tickets: number[]
  readonly spent = new Set<string>()
  readonly left = new Set<string>()

  constructor(users: number) {
    this.balances = Array.from({ length: users }, () => 0)
    this.tickets = Array.from({ length: users }, () => 1)
  }

  isLive(reservation: Reservation): boolean {
    return reservation.status === 'HELD' && reservation.heldUntil > this.now
  }

  occupies(reservation: Reservation): boolean {
    return reservation.status === 'PAID' || this.isLive(reservation)
  }

  /** The seats that are held or sold. */
  taken(): { number: number; status: string }[] {
    return this.reservations
      .filter((reservation) => this.occupies(reservation))
      .flatMap(({ seats, status }) =>
        seats.map((number) => ({ number, status: status === 'PAID' ? 'SOLD' : 'HELD' })),
      )
      .sort((a, b) => a.number - b.number)
  }

  /** The status as a client reads it. */
  statusOf(reservation: Reservation): string {
    return reservation.status === 'HELD' && !this.isLive(reservation) ? 'EXPIRED' : reservation.status
  }

  /** When the turn of the current ticket ends. */
  turnEnd(user: number): number {
    const own = this.reservations.filter((it) => it.user === user && it.ticket === this.tickets[user])
    return Math.min(...own.map(({ heldAt }) => heldAt), this.now) + TURN_MS
  }

  hold(user: number, seats: number[]): string {
    const ticket = this.tickets[user] ?? 0
    if (this.spent.has(`${user} ${ticket}`) || this.left.has(`${user} ${ticket}`)) return 'NOT_ADMITTED'
    if (this.isDone(user, ticket)) return 'NOT_ADMITTED'
    const turnEnd = this.turnEnd(user)
    if (turnEnd <= this.now) return 'NOT_ADMITTED'
    const mine = this.reservations.filter((other) => other.user === user && this.occupies(other))
    const count = mine.reduce((sum, other) => sum + other.seats.length, 0)
    if (count + seats.length > SEAT_LIMIT) return 'SeatLimitExceeded'
    const taken = this.taken().map(({ number }) => number)
    if (seats.some((seat) => taken.includes(seat))) return 'SeatTaken'
    const heldUntil = Math.min(this.now + HOLD_MS, turnEnd)
    this.reservations.push({ id: '', user, seats, status: 'HELD', heldUntil, ticket, heldAt: this.now })
    return 'ok'
  }

  pay(user: number, reservation: Reservation): string {
    if (reservation.user !== user) return 'ReservationNotFound'
    if (reservation.status === 'PAID') return 'AlreadyPaid'
    if (!this.isLive(reservation)) return 'HoldExpired'
    const price = reservation.seats.length * PRICE
    const balance = this.balances[user] ?? 0
    if (balance < price) return 'InsufficientPoints'
    this.balances[user] = balance - price
    reservation.status = 'PAID'
    this.spendIfDone(reservation)
    return 'ok'
  }

  cancel(user: number, reservation: Reservation): string {
    if (reservation.user !== user) return 'ReservationNotFound'
    if (reservation.status === 'PAID') return 'AlreadyPaid'
    if (reservation.status === 'CANCELLED') return 'ok'
    if (!this.isLive(reservation)) return 'HoldExpired'
    reservation.status = 'CANCELLED'
    this.spendIfDone(reservation)
    return 'ok'
  }

  /** Whether a ticket has paid for seats and has no live hold. */
  isDone(user: number, ticket: number): boolean {
    const own = this.reservations.filter((other) => other.user === user && other.ticket === ticket)
    return own.some(({ status }) => status === 'PAID') && !own.some((other) => this.isLive(other))
  }

  /** Spends a ticket that is done; called when one of its reservations ends. */
  spendIfDone({ user, ticket }: Pick<Reservation, 'user' | 'ticket'>): boolean {
    const done = this.isDone(user, ticket)
    if (done) this.spent.add(`${user} ${ticket}`)
    return done
  }

  leave(user: number): string {
    const ticket = this.tickets[user] ?? 0
    for (const own of this.reservations)
      if (own.user === user && own.ticket === ticket && this.isLive(own)) own.status = 'CANCELLED'
    if (!this.spendIfDone({ user, ticket })) this.left.add(`${user} ${ticket}`)
    return this.left.has(`${user} ${ticket}`) ? 'LEFT' : 'PAID'
  }

  charge(user: number, amount: number): string {
    this.balances[user] = (this.balances[user] ?? 0) + amount
    return 'ok'
  }

  /** @returns how many it ended */
  expire(): number {
    const lapsed = this.reservations.filter(
      (reservation) => reservation.status === 'HELD' && !this.isLive(reservation),
    )
    for (const reservation of lapsed) {
      reservation.status = 'EXPIRED'
      this.spendIfDone(reservation)
    }
    return lapsed.length
  }
}
