import type { QueueSettings, QueueTicket, TicketEnd } from '../domain/queue.ts'
import type { Database } from './client.ts'

/** Numbers reserved at a time: Redis issues so many without PostgreSQL, and losing Redis wastes at most so many. */
const BLOCK_SIZE = 10_000

/** A block of queue numbers that were never issued. */
export interface NumberBlock {
  first: number
  last: number
  /** The concert's first numbers. Otherwise Redis may have lost data. */
  fresh: boolean
  settings: QueueSettings
}

/** Reserves queue numbers for Redis to issue; null: no such concert. */
export async function reserveQueueNumbers(db: Database, concertId: string): Promise<NumberBlock | null> {
  const [row] = await db.call(
    (sql) => sql<{ block: NumberBlock | null }[]>`
      select reserve_queue_numbers(${concertId}, ${BLOCK_SIZE}) as block`,
  )
  return row?.block ?? null
}

/** The tickets among these, all of one concert, that have ended for good: reason by number. */
export async function endedTickets(
  db: Database,
  concertId: string,
  tickets: readonly QueueTicket[],
): Promise<Map<number, TicketEnd>> {
  const users = tickets.map(({ userId }) => userId)
  const numbers = tickets.map(({ number }) => number)
  const rows = await db.call(
    (sql) => sql<{ number: number; reason: TicketEnd | null }[]>`
      select ticket.number, (
        select reason from spent_tickets
        where concert_id = ${concertId} and user_id = ticket.user_id and number = ticket.number
      ) as reason
      from unnest(${users}::uuid[], ${numbers}::bigint[]) as ticket (user_id, number)`,
  )
  return new Map(rows.flatMap(({ number, reason }) => (reason === null ? [] : [[number, reason]])))
}

/**
 * Ends a ticket at its owner's request, and cancels the holds made with it. Idempotent.
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

/** The tickets of a user for these concerts that a payment has spent, in any order; 100 at most. */
export const listSpentTickets = (
  db: Database,
  { userId, concertIds }: { userId: string; concertIds: readonly string[] },
): Promise<(QueueTicket & { spentAt: Date })[]> =>
  db.call(
    (sql) => sql<(QueueTicket & { spentAt: Date })[]>`
      select concert_id, user_id, number, spent_at from spent_tickets
      where concert_id = any(${concertIds}::uuid[]) and user_id = ${userId} and reason = 'PAID' limit 100`,
  )

/**
 * Changes the settings of a concert's queue, and adds an entry to the audit log.
 * @param change undefined keeps a setting; a rate of null removes the limit
 * @returns the new settings; null: no such concert
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
