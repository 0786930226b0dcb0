/** Loads rows by id, batched and cached for one operation, so that a list costs one query and not one for each item. */
import DataLoader from 'dataloader'
import * as catalog from '../db/catalog.ts'
import type { Database } from '../db/client.ts'
import { loadPayments, loadPaymentsByReservation } from '../db/payments.ts'
import { loadAccounts } from '../db/points.ts'
import { loadReservations } from '../db/reservations.ts'
import { loadUsers } from '../db/users.ts'
import type { Concert, Performance, SeatKey, SeatStatus, TakenSeats } from '../domain/catalog.ts'
import type { PointAccount } from '../domain/points.ts'
import type { QueueCounts, QueueStatus, QueueTicket } from '../domain/queue.ts'
import type { Payment, Reservation } from '../domain/reservations.ts'
import type { User } from '../domain/users.ts'
import type { Queue } from '../queue/queue.ts'

const BATCH_MAX = 200

type ById<Row> = DataLoader<string, Row | null>
type Load<Row> = (db: Database, keys: readonly string[]) => Promise<Row[]>

/** The loaders of one operation. Most operations use one or two, so each is made at its first use. */
export class Loaders {
  readonly #db: Database
  readonly #queue: Queue
  #concerts?: ById<Concert>
  #performances?: ById<Performance>
  #performancesByConcert?: DataLoader<string, Performance[]>
  #takenSeatCounts?: ById<{ performanceId: string; count: number }>
  #takenSeats?: DataLoader<string, TakenSeats>
  #seatStatuses?: DataLoader<SeatKey, SeatStatus, string>
  #seatReservations?: DataLoader<string, ReadonlyMap<number, string>>
  #reservations?: ById<Reservation>
  #payments?: ById<Payment>
  #paymentsByReservation?: ById<Payment>
  #accounts?: ById<PointAccount>
  #users?: ById<User>
  #queueCounts?: DataLoader<string, QueueCounts>
  #ticketStatuses?: DataLoader<QueueTicket, QueueStatus, string>
  #admissions?: DataLoader<QueueTicket, QueueStatus, string>

  constructor(db: Database, queue: Queue) {
    this.#db = db
    this.#queue = queue
  }

  get concerts() {
    return (this.#concerts ??= this.#byKey(catalog.loadConcerts, ({ id }) => id))
  }

  get performances() {
    return (this.#performances ??= this.#byKey(catalog.loadPerformances, ({ id }) => id))
  }

  /** All dates of a concert, the earliest first. */
  get performancesByConcert() {
    return (this.#performancesByConcert ??= this.#grouped(
      catalog.loadPerformancesByConcert,
      ({ concertId }) => concertId,
      (performances) => performances,
    ))
  }

  get takenSeatCounts() {
    return (this.#takenSeatCounts ??= this.#byKey(
      catalog.countTakenSeats,
      ({ performanceId }) => performanceId,
    ))
  }

  /** The held and sold seats of a performance. */
  get takenSeats() {
    return (this.#takenSeats ??= this.#grouped(
      catalog.loadTakenSeats,
      ({ performanceId }) => performanceId,
      (seats): TakenSeats => new Map(seats.map(({ number, status }) => [number, status])),
    ))
  }

  /** The status of single seats, without those of the other seats of the performance. */
  get seatStatuses() {
    return (this.#seatStatuses ??= new DataLoader<SeatKey, SeatStatus, string>(
      async (seats) => {
        const found = await catalog.loadSeatStatuses(this.#db, seats)
        const statuses = new Map(found.map((seat) => [seatKey(seat), seat.status]))
        return seats.map((seat) => statuses.get(seatKey(seat)) ?? 'AVAILABLE')
      },
      { maxBatchSize: BATCH_MAX, cacheKeyFn: seatKey },
    ))
  }

  /**
   * The ids of the reservations that the held and sold seats of a performance belong to, by seat number.
   * @param ownerId only the reservations of this user; null: all. The same for the whole operation
   */
  seatReservations(ownerId: string | null) {
    return (this.#seatReservations ??= this.#grouped(
      (db, performanceIds) => catalog.loadSeatReservations(db, performanceIds, ownerId),
      ({ performanceId }) => performanceId,
      (seats): ReadonlyMap<number, string> =>
        new Map(seats.map(({ number, reservationId }) => [number, reservationId])),
    ))
  }

  get reservations() {
    return (this.#reservations ??= this.#byKey(loadReservations, ({ id }) => id))
  }

  get payments() {
    return (this.#payments ??= this.#byKey(loadPayments, ({ id }) => id))
  }

  get paymentsByReservation() {
    return (this.#paymentsByReservation ??= this.#byKey(
      loadPaymentsByReservation,
      ({ reservationId }) => reservationId,
    ))
  }

  get accounts() {
    return (this.#accounts ??= this.#byKey(loadAccounts, ({ userId }) => userId))
  }

  get users() {
    return (this.#users ??= this.#byKey(loadUsers, ({ id }) => id))
  }

  get queueCounts() {
    return (this.#queueCounts ??= new DataLoader((concertIds) => this.#queue.counts(concertIds), {
      maxBatchSize: BATCH_MAX,
    }))
  }

  /** The status of a ticket, read without counting as presence. */
  get ticketStatuses() {
    return (this.#ticketStatuses ??= new DataLoader<QueueTicket, QueueStatus, string>(
      (tickets) => Promise.all(tickets.map((ticket) => this.#queue.status({ ...ticket, passive: true }))),
      { cacheKeyFn: ticketKey },
    ))
  }

  /** Claims the admission of a ticket, once for all the fields of an operation. */
  get admissions() {
    return (this.#admissions ??= new DataLoader<QueueTicket, QueueStatus, string>(
      (tickets) =>
        Promise.all(
          tickets.map(async (ticket) => {
            const status = await this.#queue.use(ticket)
            this.ticketStatuses.prime(ticket, status)
            return status
          }),
        ),
      { cacheKeyFn: ticketKey },
    ))
  }

  /** One row for each key; null: there is none. The query returns them in any order. */
  #byKey<Row>(load: Load<Row>, keyOf: (row: Row) => string): ById<Row> {
    return new DataLoader(
      async (keys) => {
        const rows = new Map((await load(this.#db, keys)).map((row) => [keyOf(row), row]))
        return keys.map((key) => rows.get(key) ?? null)
      },
      { maxBatchSize: BATCH_MAX },
    )
  }

  /** Any number of rows for each key, in the order of the query. */
  #grouped<Row, Group>(
    load: Load<Row>,
    keyOf: (row: Row) => string,
    toGroup: (rows: Row[]) => Group,
  ): DataLoader<string, Group> {
    return new DataLoader(
      async (keys) => {
        const groups = new Map(keys.map((key): [string, Row[]] => [key, []]))
        for (const row of await load(this.#db, keys)) groups.get(keyOf(row))?.push(row)
        return keys.map((key) => toGroup(groups.get(key) ?? []))
      },
      { maxBatchSize: BATCH_MAX },
    )
  }
}

const ticketKey = ({ concertId, userId, number }: QueueTicket): string => `${concertId} ${userId} ${number}`
const seatKey = ({ performanceId, number }: SeatKey): string => `${performanceId} ${number}`

export const createLoaders = (db: Database, queue: Queue) => (): Loaders => new Loaders(db, queue)
