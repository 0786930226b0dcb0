import { overloaded, Problem } from '../domain/problem.ts'
import type { QueueSettings, QueueStatus, QueueTicket, TicketEnd } from '../domain/queue.ts'
import type { Commands } from './commands.ts'
import { isBlocked } from './replies.ts'
import type { Blocked, Report } from './replies.ts'

/** What the queue asks of whoever keeps the books (PostgreSQL), so that it can start and restart from nothing. */
export interface QueueStore {
  /**
   * Reserves a fresh block of numbers, never handed out before and greater than all before; null: there is no
   * such concert. `fresh`: no block had ever been reserved before.
   */
  reserveNumbers(
    concertId: string,
  ): Promise<{ first: number; last: number; fresh: boolean; settings: QueueSettings } | null>
  /** Which of these tickets, all of one concert, have ended for good? Why, by number. */
  endedTickets(concertId: string, tickets: readonly QueueTicket[]): Promise<ReadonlyMap<number, TicketEnd>>
}

/** Why a ticket's status cannot be told at the moment. */
export interface Failed {
  kind: 'Failed'
  cause: unknown
}

/** A report on tickets that are all known by now, or cannot be told. */
export interface ResolvedReport extends Omit<Report, 'rawStatuses'> {
  statuses: (QueueStatus | Failed)[]
}

export interface Recovery {
  /** Runs a script until it is no longer blocked: opens the queue or brings it numbers in between. */
  withOpenQueue: <T>(concertId: string, run: () => Promise<T | Blocked>) => Promise<T>
  /** Runs a script that reports on tickets until it knows them all: puts lost ones back in between. */
  withRecovery: (
    concertId: string,
    tickets: readonly QueueTicket[],
    run: () => Promise<Report | Blocked>,
  ) => Promise<ResolvedReport>
}

/** Each try but the last brought a block of numbers; so many blocks are not used up by one instance's calls. */
const TRIES_MAX = 20

/**
 * Does what a script cannot do by itself: ask the books. Whatever it does is decided in a script again, so
 * two instances may do it at once. Throws Problem NOT_FOUND for an unknown concert, and OVERLOADED.
 */
export function createRecovery(commands: Commands, books: QueueStore): Recovery {
  const opening = new Map<string, Promise<void>>()

  async function open(concertId: string): Promise<void> {
    // Before the block is reserved: a server that is another one by the time it comes must not use it.
    const fence = await commands.fence(concertId)
    const block = await books.reserveNumbers(concertId)
    if (!block) throw new Problem('NOT_FOUND', 'There is no such concert.')
    await commands.keepActive([concertId], [])
    await commands.open(concertId, block, fence)
  }

  /** Everybody who finds the queue closed at the same time waits for one block. */
  function openOnce(concertId: string): Promise<void> {
    const under = opening.get(concertId)
    if (under) return under
    const started = open(concertId).finally(() => opening.delete(concertId))
    opening.set(concertId, started)
    return started
  }

  /** Puts lost tickets back, those that have ended for good among the ended. @returns why that failed, for each; null: it did not */
  async function restore(concertId: string, lost: readonly QueueTicket[]): Promise<(Failed | null)[]> {
    try {
      // Before the books are asked: what ends after that is not put back by a server that forgets it.
      const fence = await commands.fence(concertId)
      const ended = await books.endedTickets(concertId, lost)
      // First, so that whoever is put back is looked after by the ticks.
      await commands.keepActive([concertId], [])
      return await Promise.all(
        lost.map((ticket) => place(ticket, ended.get(ticket.number), fence).then(() => null, failed)),
      )
    } catch (cause) {
      return lost.map(() => failed(cause))
    }
  }

  function place(ticket: QueueTicket, end: TicketEnd | undefined, fence: string): Promise<unknown> {
    if (end === 'PAID') return commands.finish(ticket)
    return end === 'LEFT' ? commands.leave(ticket) : commands.restore(ticket, fence)
  }

  async function unblocked<T>(concertId: string, run: () => Promise<T | Blocked>): Promise<T> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const reply = await run()
      if (!isBlocked(reply)) return reply
      await openOnce(concertId)
    }
    throw overloaded(new Error(`The queue of ${concertId} uses its numbers up faster than they come`))
  }

  const settled: Recovery['withRecovery'] = async (concertId, tickets, run) => {
    const failures = new Map<number, Failed | null>()
    const { rawStatuses: told, ...rest } = await unblocked(concertId, async () => {
      const report = await run()
      if (isBlocked(report)) return report
      if (report.rawStatuses.includes('BLOCK_SPENT')) return 'BLOCK_SPENT'
      const lost = report.rawStatuses.flatMap((entry, index) => (entry === 'UNKNOWN' ? [index] : []))
      if (lost.length === 0) return report
      const restored = await restore(
        concertId,
        lost.map((index) => tickets[index] as QueueTicket),
      )
      restored.forEach((failure, at) => failures.set(lost[at] as number, failure))
      return run()
    })
    const statuses = told.map((entry, index): QueueStatus | Failed => {
      if (entry !== 'UNKNOWN' && entry !== 'BLOCK_SPENT') return entry
      return failures.get(index) ?? failed(overloaded(new Error('Redis lost its data again')))
    })
    return { ...rest, statuses }
  }

  return { withOpenQueue: unblocked, withRecovery: settled }
}

const failed = (cause: unknown): Failed => ({ kind: 'Failed', cause })
