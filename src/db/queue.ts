import { and, eq, sql as fragment } from 'drizzle-orm'
import type { QueueSettings, QueueTicket, TicketEnd } from '../domain/queue.ts'
import type { Database } from './client.ts'
import { defineRead, isOneOf } from './read.ts'
import { spentTickets } from './tables.ts'

/** Numbers reserved at a time: what Redis can hand out without PostgreSQL, and what a lost Redis wastes. */
const BLOCK_SIZE = 10_000

/** More tickets than an operator wants to see of one user. */
const SPENT_MAX = 100

/** A block of queue numbers that were never handed out before. */
export interface NumberBlock {
  first: number
  last: number
  /** Are these the concert's very first numbers? */
  fresh: boolean
  settings: QueueSettings
}

/** Reserves queue numbers for Redis to hand out; null: there is no such concert. */
export async function reserveQueueNumbers(db: Database, concertId: string): Promise<NumberBlock | null> {
  const [row] = await db.call(
    (sql) =>
      sql<
        { block: NumberBlock | null }[]
      >`select reserve_queue_numbers(${concertId}, ${BLOCK_SIZE}) as block`,
  )
  return row?.block ?? null
}

/** Which of these tickets, all of one concert, have ended for good: why, by number. */
export async function endedTickets(
  db: Database,
  concertId: string,
  tickets: readonly QueueTicket[],
): Promise<Map<number, TicketEnd>> {
  const users = tickets.map(({ userId }) => userId)
  const numbers = tickets.map(({ number }) => number)
  const rows = await db.call(
    (sql) => sql<{ number: string; reason: TicketEnd | null }[]>`
      select shown.number, (
        select reason from spent_tickets
        where concert_id = ${concertId} and user_id = shown.user_id and number = shown.number
      ) as reason
      from unnest(${users}::uuid[], ${numbers}::bigint[]) as shown (user_id, number)`,
  )
  return new Map(rows.flatMap(({ number, reason }) => (reason === null ? [] : [[Number(number), reason]])))
}

/**
 * Ends a ticket at its owner's request, and cancels the holds made with it. May be repeated.
 * @returns why the ticket has ended: PAID if it had paid for seats
 */
export async function leaveQueue(
  db: Database,
  { userId, concertId, number }: QueueTicket,
): Promise<TicketEnd> {
  const [row] = await db.call(
    (sql) => sql<[{ reason: TicketEnd }]>`select leave_queue(${userId}, ${concertId}, ${number}) as reason`,
  )
  return row.reason
}

/** The tickets of a user that payments have spent, for these concerts, in any order. */
export const listSpentTickets = defineRead<
  { userId: string; ids: readonly string[] },
  (QueueTicket & { spentAt: Date })[]
>((orm) =>
  orm
    .select()
    .from(spentTickets)
    .where(
      and(
        isOneOf(spentTickets.concertId),
        eq(spentTickets.userId, fragment.placeholder('userId')),
        eq(spentTickets.reason, 'PAID'),
      ),
    )
    .limit(SPENT_MAX),
)

/**
 * Changes how a concert lets people in, and writes down who did. What is undefined stays as it is; a rate of null lifts the limit.
 * @returns the settings from now on; null: there is no such concert
 */
export async function updateQueue(
  db: Database,
  operatorId: string,
  concertId: string,
  change: {
    capacity: number | undefined
    ratePerSecond: number | null | undefined
    paused: boolean | undefined
  },
): Promise<QueueSettings | null> {
  const [row] = await db.call(
    (sql) => sql<[{ settings: QueueSettings | null }]>`select update_queue(
      ${concertId}, ${change.capacity ?? null}, ${change.ratePerSecond ?? null},
      ${change.ratePerSecond === null}, ${change.paused ?? null}, ${operatorId}
    ) as settings`,
  )
  return row.settings
}
