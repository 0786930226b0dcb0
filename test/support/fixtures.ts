/** Buyers at a show, for tests that call the functions in src/db themselves: the arguments of each, made short. */
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

/** Somebody with a queue ticket for a show. */
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
  const concert = { title: 'Rehearsal', queueCapacity: 100, queueRatePerSecond: null, performances }
  const concertId = await createConcert(db, randomUUID(), concert, uuidv7)
  const [performance] = await listPerformances(db, concertId, { futureOnly: true, limit: 1 })
  if (!performance) throw new Error('the show has no date')
  return { concertId, performanceId: performance.id }
}

/** @param number of the ticket */
export function createBuyer(show: ConcertFixture, number = 1): Buyer {
  const userId = randomUUID()
  return { ...show, userId, ticket: { userId, concertId: show.concertId, number } }
}

export const createBuyers = (show: ConcertFixture, count: number): Buyer[] =>
  Array.from({ length: count }, (_, index) => createBuyer(show, index + 1))

/** What holdSeats takes. The key is a new one unless given. */
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

/** What payReservation takes. */
export const paymentArgs = (
  { userId, concertId }: Buyer,
  reservationId: string,
  more: { key?: string; concertId?: string } = {},
) => ({ userId, key: randomUUID(), paymentId: uuidv7(), reservationId, concertId, ...more })

/** What cancelReservation takes. */
export const cancelArgs = ({ userId }: Buyer, reservationId: string, key: string = randomUUID()) => ({
  userId,
  key,
  reservationId,
})

/** What chargePoints takes: the user charges for themselves. */
export const chargeArgs = ({ userId }: Buyer, amount: number, key: string = randomUUID()) => ({
  actorId: userId,
  key,
  userId,
  amount,
})

/** What a call came to: its value, or what its caller is told instead. Anything else is a bug, and is thrown. */
export const resultOf = <T>(call: Promise<T>): Promise<T | Refusal | Problem> =>
  call.catch((error: unknown) => {
    if (error instanceof Refusal || error instanceof Problem) return error
    throw error
  })

/** An answer in one word: 'ok', the class of a refusal or the code of a problem. */
export function outcomeOf(answer: unknown): string {
  if (answer instanceof Problem) return answer.code
  return answer instanceof Refusal ? answer.constructor.name : 'ok'
}

/** How often each answer came. */
export function countOutcomes(answers: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of answers.map(outcomeOf)) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

/**
 * Lets time pass without waiting for it: everything that is written down happened, or is due, `ms` earlier. The
 * guards sleep meanwhile, for no operation may do this.
 */
export async function passTime(sql: postgres.Sql, ms: number): Promise<void> {
  const tables = await sql<{ name: string; columns: string[] }[]>`
    select table_name as name, array_agg(column_name::text) as columns from information_schema.columns
    where table_schema = 'public' and data_type = 'timestamp with time zone' group by table_name`
  const earlier = (column: string) => `${column} = ${column} - interval '${ms} milliseconds'`
  const updates = tables.map(({ name, columns }) => `update ${name} set ${columns.map(earlier).join(', ')}`)
  // One query text is one transaction.
  await sql.unsafe(['set local session_replication_role = replica', ...updates].join(';'))
}

/** Has a payment spent this ticket? */
export const isSpent = async (db: Database, ticket: QueueTicket): Promise<boolean> =>
  (await endedTickets(db, ticket.concertId, [ticket])).get(ticket.number) === 'PAID'

/** The functions of src/db, down to the id of what came of it. */
export const holdSeats = async (...args: Parameters<typeof reservationsDb.holdSeats>): Promise<string> =>
  (await reservationsDb.holdSeats(...args)).id
export const cancelReservation = async (
  ...args: Parameters<typeof reservationsDb.cancelReservation>
): Promise<string> => (await reservationsDb.cancelReservation(...args)).id
export const payReservation = async (
  ...args: Parameters<typeof paymentsDb.payReservation>
): Promise<string> => (await paymentsDb.payReservation(...args)).id
