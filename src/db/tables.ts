/**
 * The tables, with a constraint for every rule. `npm run migration` generates the migrations in drizzle/ from this file; triggers
 * are written by hand there. The functions that change these tables are in sql/.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

const points = () => bigint({ mode: 'number' })
const instant = () => timestamp({ withTimezone: true, mode: 'date' })

/** Users that this service issued an identity to. Users of another issuer have no row. */
export const users = pgTable('users', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  createdAt: instant().notNull().defaultNow(),
})

export const concerts = pgTable(
  'concerts',
  {
    id: uuid().primaryKey(),
    title: text().notNull(),
    queueCapacity: integer().notNull(),
    /** Admissions per second; null: no limit. */
    queueRatePerSecond: doublePrecision(),
    queuePaused: boolean().notNull().default(false),
    /** Incremented with every change of the three settings above. */
    queueVersion: integer().notNull().default(1),
    /** The last queue number reserved for Redis to issue; 0: none yet. */
    queueNumberWatermark: bigint({ mode: 'number' }).notNull().default(0),
    /** The operator and the idempotency key that it was created with; null: without a key. */
    createdBy: uuid(),
    idempotencyKey: text(),
    createdAt: instant().notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('concerts_one_per_key').on(t.createdBy, t.idempotencyKey),
    check('concerts_queue_capacity_not_negative', sql`${t.queueCapacity} >= 0`),
    check('concerts_queue_rate_positive', sql`${t.queueRatePerSecond} > 0`),
  ],
)

/** One date of a concert. */
export const performances = pgTable(
  'performances',
  {
    id: uuid().primaryKey(),
    concertId: uuid()
      .notNull()
      .references(() => concerts.id),
    startsAt: instant().notNull(),
    seatCount: integer().notNull().default(50),
    seatPrice: points().notNull(),
  },
  (t) => [
    index('performances_by_concert').on(t.concertId, t.startsAt),
    check('performances_seat_count_positive', sql`${t.seatCount} > 0`),
    check('performances_seat_price_not_negative', sql`${t.seatPrice} >= 0`),
  ],
)

/** A balance: the sum of the transfers, stored so that it can be locked and checked. */
export const accounts = pgTable(
  'accounts',
  {
    userId: uuid().primaryKey(),
    balance: points().notNull().default(0),
  },
  (t) => [check('accounts_balance_in_range', sql`${t.balance} between 0 and 9007199254740991`)],
)

/** Seats of one user on one date: held, then paid, expired or cancelled. */
export const reservations = pgTable(
  'reservations',
  {
    id: uuid().primaryKey(),
    performanceId: uuid()
      .notNull()
      .references(() => performances.id),
    concertId: uuid()
      .notNull()
      .references(() => concerts.id),
    userId: uuid().notNull(),
    /** The number of the queue ticket that it was made with. */
    ticketNumber: bigint({ mode: 'number' }).notNull(),
    seatNumbers: integer().array().notNull(),
    price: points().notNull(),
    status: text({ enum: ['HELD', 'PAID', 'EXPIRED', 'CANCELLED', 'REFUNDED'] }).notNull(),
    heldAt: instant().notNull(),
    heldUntil: instant().notNull(),
    /** When its status changed from HELD. */
    decidedAt: instant(),
  },
  (t) => [
    index('reservations_by_user').on(t.userId, t.id),
    index('reservations_by_user_and_status').on(t.userId, t.status, t.id),
    // The booking code: web/buyer/booking-code.ts.
    index('reservations_by_booking_code').on(sql`right(${t.id}::text, 8)`),
    index('reservations_held_by_deadline')
      .on(t.heldUntil)
      .where(sql`status = 'HELD'`),
    check('reservations_held_or_decided', sql`(${t.status} = 'HELD') = (${t.decidedAt} is null)`),
    check(
      'reservations_paid_in_time',
      sql`(${t.status} <> 'PAID' or ${t.decidedAt} < ${t.heldUntil}) and (${t.status} <> 'EXPIRED' or ${t.decidedAt} >= ${t.heldUntil})`,
    ),
  ],
)

/** Which reservation has had which seat, and until when. A seat that was never taken has no row. */
export const seatClaims = pgTable(
  'seat_claims',
  {
    performanceId: uuid().notNull(),
    seatNumber: integer().notNull(),
    /** Its foreign key is checked at commit: the claims are inserted before the reservation. */
    reservationId: uuid().notNull(),
    /** Null: live. The claims of a lapsed hold stay live until it is ended, and do not count. */
    releasedAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.reservationId, t.seatNumber] }),
    uniqueIndex('seat_claims_one_live_per_seat')
      .on(t.performanceId, t.seatNumber)
      .where(sql`released_at is null`),
  ],
)

export const payments = pgTable('payments', {
  id: uuid().primaryKey(),
  reservationId: uuid()
    .notNull()
    .unique()
    .references(() => reservations.id),
  userId: uuid().notNull(),
  amount: points().notNull(),
  paidAt: instant().notNull(),
})

/** Every change of every balance. Append-only, by a trigger. */
export const transfers = pgTable(
  'transfers',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => accounts.userId),
    /** Above zero: a charge; zero or below: a payment. */
    amount: points().notNull(),
    /** Null: a charge. */
    paymentId: uuid()
      .unique()
      .references(() => payments.id),
    /** The caller of a charge and the idempotency key; null: a payment, or a charge from before these columns. */
    chargedBy: uuid(),
    idempotencyKey: text(),
    createdAt: instant().notNull(),
  },
  (t) => [
    index('transfers_by_user').on(t.userId, t.id),
    uniqueIndex('transfers_one_per_key').on(t.chargedBy, t.idempotencyKey),
    check(
      'transfers_payment_has_no_key',
      sql`${t.paymentId} is null or (${t.chargedBy} is null and ${t.idempotencyKey} is null)`,
    ),
    check(
      'transfers_sign',
      sql`(${t.paymentId} is null and ${t.amount} > 0) or (${t.paymentId} is not null and ${t.amount} <= 0)`,
    ),
  ],
)

/** Queue tickets that have ended for good, whatever Redis says. Append-only, by a trigger. */
export const spentTickets = pgTable(
  'spent_tickets',
  {
    concertId: uuid().notNull(),
    userId: uuid().notNull(),
    number: bigint({ mode: 'number' }).notNull(),
    spentAt: instant().notNull(),
    /** PAID: it has paid for seats and has no live hold. LEFT: its owner left the queue. */
    reason: text({ enum: ['PAID', 'LEFT'] })
      .notNull()
      .default('PAID'),
  },
  (t) => [
    primaryKey({ columns: [t.concertId, t.userId, t.number] }),
    check('spent_tickets_reason', sql`${t.reason} in ('PAID', 'LEFT')`),
  ],
)

/**
 * The request that a client's key was used for, and its answer. Deleted after 48 hours: jobs/start.ts. What must never happen twice
 * has the key in its own row as well (`transfers`, `concerts`).
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    userId: uuid().notNull(),
    key: text().notNull(),
    /** The operation and its arguments. The same key with other ones is refused. */
    intent: jsonb().notNull(),
    answer: jsonb(),
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.key] }), index('idempotency_keys_by_age').on(t.createdAt)],
)

/** Events for the queue, the seat channels and the event stream, inserted by the transaction that they are about. Deleted once delivered. */
export const outbox = pgTable(
  'outbox',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    type: text().notNull(),
    /** A reservation, user or concert. Events with the same subject are delivered in order. */
    subjectId: uuid().notNull(),
    data: jsonb().notNull(),
    occurredAt: instant().notNull(),
    /** Until then one server delivers it; after that any server may lease it again. */
    leasedUntil: instant(),
  },
  (t) => [index('outbox_by_subject').on(t.subjectId, t.id)],
)

/** What operators have changed. Append-only, by a trigger. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: uuid().primaryKey(),
    operatorId: uuid().notNull(),
    action: text({ enum: ['createConcert', 'updateQueue', 'chargePoints'] }).notNull(),
    /** Null: not about a concert. */
    concertId: uuid().references(() => concerts.id),
    /** The owner of the points; null: not about a user. */
    userId: uuid(),
    at: instant().notNull(),
    /** The values before and after; null: there was nothing before. */
    before: jsonb().$type<Record<string, unknown>>(),
    after: jsonb().$type<Record<string, unknown>>().notNull(),
  },
  (t) => [index('audit_log_by_concert').on(t.concertId, t.id)],
)

/** Written by the health probe: sql/probe_write.sql. */
export const writeProbe = pgTable('write_probe', { at: instant().notNull() })
