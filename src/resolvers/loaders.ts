/** Loads by id, batched and kept for one operation, so that a list costs one query and not one for each item. */
import DataLoader from 'dataloader'
import * as catalog from '../db/catalog.ts'
import type { Database } from '../db/client.ts'
import * as payments from '../db/payments.ts'
import * as points from '../db/points.ts'
import * as reservations from '../db/reservations.ts'
import * as users from '../db/users.ts'
import type { TakenSeats } from '../domain/catalog.ts'
import type { QueueCounts, QueueStatus, QueueTicket } from '../domain/queue.ts'
import type { Queue } from '../queue/queue.ts'

const BATCH_MAX = 200

const factories = {
  concerts: (db: Database) =>
    byKey(
      (ids) => catalog.loadConcerts(db, ids),
      (concert) => concert.id,
    ),
  performances: (db: Database) =>
    byKey(
      (ids) => catalog.loadPerformances(db, ids),
      (performance) => performance.id,
    ),
  takenSeatCounts: (db: Database) =>
    byKey(
      (ids) => catalog.countTakenSeats(db, ids),
      (taken) => taken.performanceId,
    ),
  takenSeats: (db: Database) =>
    new DataLoader(
      async (ids: readonly string[]) => {
        const seats = new Map(ids.map((id) => [id, new Map<number, 'HELD' | 'SOLD'>()]))
        for (const { performanceId, number, status } of await catalog.loadTakenSeats(db, ids)) {
          seats.get(performanceId)?.set(number, status)
        }
        return ids.map((id): TakenSeats => seats.get(id) ?? new Map())
      },
      { maxBatchSize: BATCH_MAX },
    ),
  reservations: (db: Database) =>
    byKey(
      (ids) => reservations.loadReservations(db, ids),
      (reservation) => reservation.id,
    ),
  payments: (db: Database) =>
    byKey(
      (ids) => payments.loadPayments(db, ids),
      (payment) => payment.id,
    ),
  paymentsOf: (db: Database) =>
    byKey(
      (ids) => payments.loadPaymentsByReservation(db, ids),
      (payment) => payment.reservationId,
    ),
  accounts: (db: Database) =>
    byKey(
      (ids) => points.loadAccounts(db, ids),
      (account) => account.userId,
    ),
  users: (db: Database) =>
    byKey(
      (ids) => users.loadUsers(db, ids),
      (user) => user.id,
    ),
  queueCounts: (_: Database, queue: Queue) =>
    new DataLoader<string, QueueCounts>((concertIds) => queue.counts(concertIds), {
      maxBatchSize: BATCH_MAX,
    }),
  /** The gate, asked once for all the fields of an operation. */
  admissions: (_: Database, queue: Queue) =>
    new DataLoader<QueueTicket, QueueStatus, string>(
      (tickets) => Promise.all(tickets.map((ticket) => queue.use(ticket))),
      { cacheKeyFn: (ticket) => `${ticket.concertId} ${ticket.userId} ${ticket.number}` },
    ),
}

type Makers = typeof factories
export type Loaders = { readonly [Name in keyof Makers]: ReturnType<Makers[Name]> }

/**
 * @returns makes the loaders of one operation. It uses one or two of them, if any: each is made when it is first asked for.
 */
export function createLoaders(db: Database, queue: Queue): () => Loaders {
  const lazy: PropertyDescriptorMap = {}
  for (const [name, make] of Object.entries(factories)) {
    lazy[name] = {
      get() {
        const value = make(db, queue)
        Object.defineProperty(this, name, { value })
        return value
      },
    }
  }
  const prototype = Object.defineProperties({}, lazy)
  return () => Object.create(prototype) as Loaders
}

/** A loader for rows that come in any order, or not at all: null. */
const byKey = <Row>(load: (keys: readonly string[]) => Promise<Row[]>, keyOf: (row: Row) => string) =>
  new DataLoader<string, Row | null>(
    async (keys) => {
      const rows = new Map((await load(keys)).map((row) => [keyOf(row), row]))
      return keys.map((key) => rows.get(key) ?? null)
    },
    { maxBatchSize: BATCH_MAX },
  )
