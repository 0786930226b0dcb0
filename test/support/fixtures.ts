/** Concerts, buyers and default arguments, for tests that call the functions of src/db. */
import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import { createConcert, listPerformances } from '../../src/db/catalog.ts'
import type { Database } from '../../src/db/client.ts'
import * as paymentsDb from '../../src/db/payments.ts'
import { endedTickets } from '../../src/db/queue.ts'
import * as reservationsDb from '../../src/db/reservations.ts'
import { Problem } from '../../src/domain/problem.ts'
import type { QueueTicket } from '../../src/domain/queue.ts'
import { Refusal } from '../../src/domain/refusals.ts'

export interface ConcertFixture {
  concertId: string
  performanceId: string
}

/** A user with a queue ticket. */
export interface Buyer extends ConcertFixture {
  userId: string
  ticket: QueueTicket
}

export const HOLD_MS = 300_000
const DAY_MS = 24 * 60 * 60 * 1000

/** A concert with one date, tomorrow. */
export async function createConcertFixture(
  db: Database,
  { seatCount = 50, seatPrice = 100 }: { seatCount?: number; seatPrice?: number } = {},
): Promise<ConcertFixture> {
  const performances = [{ startsAt: new Date(Date.now() + DAY_MS), seatCount, seatPrice }]
  const concert = { title: 'Test concert', queueCapacity: 100, queueRatePerSecond: null, performances }
  const concertId = await createConcert(db, randomUUID(), concert, uuidv7)
  const [performance] = await listPerformances(db, concertId, { futureOnly: true, limit: 1 })
  if (!performance) throw new Error('the concert has no date')
  return { concertId, performanceId: performance.id }
}

/** @param number of the ticket */
export function createBuyer(concert: ConcertFixture, number = 1): Buyer {
  const userId = randomUUID()
  return { ...concert, userId, ticket: { userId, concertId: concert.concertId, number } }
}

export const createBuyers = (concert: ConcertFixture, count: number): Buyer[] =>
  Array.from({ length: count }, (_, index) => createBuyer(concert, index + 1))

/** Arguments for holdSeats. */
export const holdArgs = (
  { ticket, performanceId }: Buyer,
  seatNumbers: readonly number[],
  more: {
    key?: string
    performanceId?: string
    ticket?: QueueTicket
    admitted?: boolean
    holdMs?: number
    turnLeftMs?: number
    turnMs?: number
    seatLimit?: number
  } = {},
) => ({
  key: randomUUID(),
  reservationId: uuidv7(),
  performanceId,
  seatNumbers,
  ticket,
  admitted: true,
  holdMs: HOLD_MS,
  turnLeftMs: DAY_MS,
  turnMs: DAY_MS,
  seatLimit: 4,
  ...more,
})

/** Arguments for payReservation. */
export const paymentArgs = (
  { userId, concertId }: Buyer,
  reservationId: string,
  more: { key?: string; concertId?: string } = {},
) => ({ userId, key: randomUUID(), paymentId: uuidv7(), reservationId, concertId, ...more })

/** Arguments for cancelReservation. */
export const cancelArgs = ({ userId }: Buyer, reservationId: string, key: string = randomUUID()) => ({
  userId,
  key,
  reservationId,
})

/** Arguments for chargePoints, by the user. */
export const chargeArgs = ({ userId }: Buyer, amount: number, key: string = randomUUID()) => ({
  actorId: userId,
  key,
  userId,
  amount,
})

/** The value of a call, or its refusal or problem. @throws anything else */
export const resultOf = <T>(call: Promise<T>): Promise<T | Refusal | Problem> =>
  call.catch((error: unknown) => {
    if (error instanceof Refusal || error instanceof Problem) return error
    throw error
  })

/** 'ok', the class of a refusal, or the code of a problem. */
export function outcomeOf(answer: unknown): string {
  if (answer instanceof Problem) return answer.code
  return answer instanceof Refusal ? answer.constructor.name : 'ok'
}

/** How often each outcome occurs. */
export function countOutcomes(answers: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of answers.map(outcomeOf)) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

/** Simulates that `ms` have passed: moves every stored time back. The triggers that protect rows are off meanwhile. */
export async function passTime(sql: postgres.Sql, ms: number): Promise<void> {
  const tables = await sql<{ name: string; columns: string[] }[]>`
    select table_name as name, array_agg(column_name::text) as columns from information_schema.columns
    where table_schema = 'public' and data_type = 'timestamp with time zone' group by table_name`
  const earlier = (column: string) => `${column} = ${column} - interval '${ms} milliseconds'`
  const updates = tables.map(({ name, columns }) => `update ${name} set ${columns.map(earlier).join(', ')}`)
  // One query text is one transaction.
  await sql.unsafe(['set local session_replication_role = replica', ...updates].join(';'))
}

/** Whether a payment has spent this ticket. */
export const isSpent = async (db: Database, ticket: QueueTicket): Promise<boolean> =>
  (await endedTickets(db, ticket.concertId, [ticket])).get(ticket.number) === 'PAID'

/** The functions of src/db, reduced to the id of the result. */
export const holdSeats = async (...args: Parameters<typeof reservationsDb.holdSeats>): Promise<string> =>
  (await reservationsDb.holdSeats(...args)).id
export const cancelReservation = async (
  ...args: Parameters<typeof reservationsDb.cancelReservation>
): Promise<string> => (await reservationsDb.cancelReservation(...args)).id
export const payReservation = async (
  ...args: Parameters<typeof paymentsDb.payReservation>
): Promise<string> => (await paymentsDb.payReservation(...args)).id
