/**
 * The tables, and the constraint behind every rule. drizzle-kit makes the migrations in drizzle/ from this
 * file; the functions that change these tables are in sql/, one a file.
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

/** Only the users that this server issued an identity to; any other is known by the id in its token. */
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
    /** Null: as many a second as the capacity allows. */
    queueRatePerSecond: doublePrecision(),
    queuePaused: boolean().notNull().default(false),
    /** Grows with every change of the three above. */
    queueVersion: integer().notNull().default(1),
    /** The last queue number that was ever reserved for Redis to hand out; 0: none yet. */
    queueNumberWatermark: bigint({ mode: 'number' }).notNull().default(0),
    /** Who added it under which idempotency key; null: without a key. */
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

/** A balance, kept beside the transfers that make it up, so that it can be locked and checked. */
export const accounts = pgTable(
  'accounts',
  {
    userId: uuid().primaryKey(),
    balance: points().notNull().default(0),
  },
  (t) => [check('accounts_balance_in_range', sql`${t.balance} between 0 and 9007199254740991`)],
)

/** A hold, and what became of it. */
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
    /** The queue ticket that let its owner in. */
    ticketNumber: bigint({ mode: 'number' }).notNull(),
    seatNumbers: integer().array().notNull(),
    price: points().notNull(),
    status: text({ enum: ['HELD', 'PAID', 'EXPIRED', 'CANCELLED', 'REFUNDED'] }).notNull(),
    heldAt: instant().notNull(),
    heldUntil: instant().notNull(),
    /** When it was decided that it is no longer HELD. */
    decidedAt: instant(),
  },
  (t) => [
    index('reservations_by_user').on(t.userId, t.id),
    index('reservations_by_user_and_status').on(t.userId, t.status, t.id),
    // What is printed on a ticket, as web/buyer/booking-code.ts writes it.
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

/** Who has had which seat, and until when. A seat nobody has taken has no row. */
export const seatClaims = pgTable(
  'seat_claims',
  {
    performanceId: uuid().notNull(),
    seatNumber: integer().notNull(),
    /** Checked at commit: the claims are made first, for they decide whether there will be a reservation. */
    reservationId: uuid().notNull(),
    /** Null while it stands. A lapsed hold's claims stand until somebody tidies up, but keep nobody out. */
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

/** Every change of every balance. Never updated, never deleted: drizzle/0001_guards.sql sees to it. */
export const transfers = pgTable(
  'transfers',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => accounts.userId),
    /** Above zero: points came in; below zero: points were spent. */
    amount: points().notNull(),
    /** The payment it belongs to; null: a charge. */
    paymentId: uuid()
      .unique()
      .references(() => payments.id),
    /** Who asked for a charge, and under which idempotency key; null: a payment, or a charge from before these columns. */
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

/** Tickets that have ended for good: they open nothing, whatever Redis says. */
export const spentTickets = pgTable(
  'spent_tickets',
  {
    concertId: uuid().notNull(),
    userId: uuid().notNull(),
    number: bigint({ mode: 'number' }).notNull(),
    spentAt: instant().notNull(),
    /** PAID: it bought seats, and holds nothing any more. LEFT: its owner left the queue. */
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
 * What a client's key was used for, and what the answer was. Kept for 48 hours: see jobs/start.ts. What must never happen twice
 * has the key in its own row as well (`transfers`, `concerts`).
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    userId: uuid().notNull(),
    key: text().notNull(),
    /** The operation and its arguments: the same key with another intent is refused. */
    intent: jsonb().notNull(),
    answer: jsonb(),
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.key] }), index('idempotency_keys_by_age').on(t.createdAt)],
)

/** What others must hear, written by the transaction that made it true, deleted once delivered. */
export const outbox = pgTable(
  'outbox',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    type: text().notNull(),
    /** The reservation or concert it is about: events about the same subject are delivered in order. */
    subjectId: uuid().notNull(),
    data: jsonb().notNull(),
    occurredAt: instant().notNull(),
    /** Being delivered by some instance until then; after that anybody may try again. */
    leasedUntil: instant(),
  },
  (t) => [index('outbox_by_subject').on(t.subjectId, t.id)],
)

/** What operators have changed. Never updated, never deleted. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: uuid().primaryKey(),
    operatorId: uuid().notNull(),
    action: text({ enum: ['createConcert', 'updateQueue', 'chargePoints'] }).notNull(),
    /** Null: it was about no concert. */
    concertId: uuid().references(() => concerts.id),
    /** Whose points; null: it was about nobody. */
    userId: uuid(),
    at: instant().notNull(),
    /** The settings it was about; null: there was nothing. */
    before: jsonb().$type<Record<string, unknown>>(),
    after: jsonb().$type<Record<string, unknown>>().notNull(),
  },
  (t) => [index('audit_log_by_concert').on(t.concertId, t.id)],
)

/** What /health writes, to see whether a write is served; emptied by the next probe. See sql/probe_write.sql. */
export const writeProbe = pgTable('write_probe', { at: instant().notNull() })
