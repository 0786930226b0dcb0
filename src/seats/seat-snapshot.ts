import { changedSeats, type Seat } from '../domain/catalog.ts'

/**
 * All seats of a performance as one read returned them. The difference from an earlier snapshot is computed once for
 * all subscribers that need it, so a change costs one comparison of all seats rather than one for each subscriber.
 */
export class SeatSnapshot {
  readonly seats: readonly Seat[]
  /** Seats that are held or sold. */
  readonly takenCount: number
  /** Weak, so that an earlier snapshot is freed with the last subscriber that has received nothing newer. */
  private readonly differences = new WeakMap<SeatSnapshot, readonly Seat[]>()

  /** @param seats in seat order, from number 1 */
  constructor(seats: readonly Seat[]) {
    this.seats = seats
    this.takenCount = seats.reduce((count, { status }) => (status === 'AVAILABLE' ? count : count + 1), 0)
  }

  /**
   * The snapshot of a later read. Seats that have not changed stay the same objects, so that the earlier snapshots
   * that slow subscribers need take little memory.
   * @param seats all seats again, in seat order
   * @returns this snapshot if no seat has changed
   */
  updated(seats: readonly Seat[]): SeatSnapshot {
    const changed = changedSeats(this.seats, seats)
    if (changed.length === 0) return this
    const merged = [...this.seats]
    for (const seat of changed) merged[seat.number - 1] = seat
    const next = new SeatSnapshot(merged)
    next.differences.set(this, changed)
    return next
  }

  /** The seats that differ from an earlier snapshot, as they are in this one. The array is shared. */
  changesSince(earlier: SeatSnapshot): readonly Seat[] {
    let changed = this.differences.get(earlier)
    if (!changed) {
      changed = changedSeats(earlier.seats, this.seats)
      this.differences.set(earlier, changed)
    }
    return changed
  }
}
