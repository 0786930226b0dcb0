import { overloaded, Problem } from '../domain/problem.ts'
import type { QueueSettings, QueueStatus, QueueTicket, TicketEnd } from '../domain/queue.ts'
import type { Commands } from './commands.ts'
import { isBlocked } from './replies.ts'
import type { Blocked, Report } from './replies.ts'

/** What the queue reads from PostgreSQL to open, and to recover after Redis has lost its data. */
export interface QueueStore {
  /**
   * Reserves a block of numbers, none of them issued before and all greater than those issued before; null: there is no
   * such concert. `fresh`: it is the first block of the concert.
   */
  reserveNumbers(
    concertId: string,
  ): Promise<{ first: number; last: number; fresh: boolean; settings: QueueSettings } | null>
  /** Why tickets of one concert have ended for good, by number; others have no entry. */
  endedTickets(concertId: string, tickets: readonly QueueTicket[]): Promise<ReadonlyMap<number, TicketEnd>>
}

/** The status of a ticket cannot be read at the moment. */
export interface Failed {
  kind: 'Failed'
  cause: unknown
}

/** A report without unknown tickets. */
export interface ResolvedReport extends Omit<Report, 'rawStatuses'> {
  statuses: (QueueStatus | Failed)[]
}

export interface Recovery {
  /** Runs a script until it is not blocked, and opens the queue or adds a block of numbers in between. */
  withOpenQueue: <T>(concertId: string, run: () => Promise<T | Blocked>) => Promise<T>
  /** Runs a script that reports on tickets, and restores lost ones in between. */
  withRecovery: (
    concertId: string,
    tickets: readonly QueueTicket[],
    run: () => Promise<Report | Blocked>,
  ) => Promise<ResolvedReport>
}

/** Each try adds a block of numbers: the calls of one server do not use up this many. */
const TRIES_MAX = 20

/**
 * Does what a script cannot: reads PostgreSQL. A script then decides again, so that several servers may do it at once.
 * Throws Problem NOT_FOUND for an unknown concert, and OVERLOADED.
 */
export function createRecovery(commands: Commands, store: QueueStore): Recovery {
  const opening = new Map<string, Promise<void>>()

  async function open(concertId: string): Promise<void> {
    // Before the block is reserved: if the server changes in between, it must not use the block.
    const fence = await commands.fence(concertId)
    const block = await store.reserveNumbers(concertId)
    if (!block) throw new Problem('NOT_FOUND', 'There is no such concert.')
    await commands.markActive(concertId)
    await commands.open(concertId, block, fence)
  }

  /** Concurrent calls share one block. */
  function openOnce(concertId: string): Promise<void> {
    const current = opening.get(concertId)
    if (current) return current
    const started = open(concertId).finally(() => opening.delete(concertId))
    opening.set(concertId, started)
    return started
  }

  /** Restores lost tickets, or records how they have ended. @returns for each why it failed; null: it did not */
  async function restore(concertId: string, lost: readonly QueueTicket[]): Promise<(Failed | null)[]> {
    try {
      // Before PostgreSQL is read: a ticket that ends after that must not be restored on a server that has lost its end.
      const fence = await commands.fence(concertId)
      const ended = await store.endedTickets(concertId, lost)
      // First, so that ticks run over the queue once a ticket is restored.
      await commands.markActive(concertId)
      return await Promise.all(
        lost.map((ticket) => restoreOne(ticket, ended.get(ticket.number), fence).then(() => null, failed)),
      )
    } catch (cause) {
      return lost.map(() => failed(cause))
    }
  }

  function restoreOne(ticket: QueueTicket, end: TicketEnd | undefined, fence: string): Promise<unknown> {
    if (end === 'PAID') return commands.finish(ticket)
    return end === 'LEFT' ? commands.leave(ticket) : commands.restore(ticket, fence)
  }

  async function withOpenQueue<T>(concertId: string, run: () => Promise<T | Blocked>): Promise<T> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const reply = await run()
      if (!isBlocked(reply)) return reply
      await openOnce(concertId)
    }
    throw overloaded(new Error(`The queue of ${concertId} uses up its numbers faster than blocks are added`))
  }

  const withRecovery: Recovery['withRecovery'] = async (concertId, tickets, run) => {
    const failures = new Map<number, Failed | null>()
    const { rawStatuses, ...rest } = await withOpenQueue(concertId, async () => {
      const report = await run()
      if (isBlocked(report)) return report
      if (report.rawStatuses.includes('BLOCK_SPENT')) return 'BLOCK_SPENT'
      const lost = report.rawStatuses.flatMap((status, index) => (status === 'UNKNOWN' ? [index] : []))
      if (lost.length === 0) return report
      const restored = await restore(
        concertId,
        lost.map((index) => tickets[index] as QueueTicket),
      )
      restored.forEach((failure, at) => failures.set(lost[at] as number, failure))
      return run()
    })
    const statuses = rawStatuses.map((status, index): QueueStatus | Failed => {
      if (status !== 'UNKNOWN' && status !== 'BLOCK_SPENT') return status
      return failures.get(index) ?? failed(overloaded(new Error('Redis has lost its data again')))
    })
    return { ...rest, statuses }
  }

  return { withOpenQueue, withRecovery }
}

const failed = (cause: unknown): Failed => ({ kind: 'Failed', cause })
