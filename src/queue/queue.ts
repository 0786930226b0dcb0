import type { QueueCounts, QueueSettings, QueueStatus, QueueTicket, QueueTimes } from '../domain/queue.ts'
import type { RedisConnection } from './client.ts'
import { createCommands } from './commands.ts'
import { createKeys } from './keys.ts'
import { createSettler } from './settle.ts'
import type { Failed, QueueBooks } from './settle.ts'
import type { Wakeups } from './wakeups.ts'
import { createWatch } from './watch.ts'

export type { QueueBooks } from './settle.ts'

/** The queues of all concerts. Every function throws Problem OVERLOADED when Redis or the books are away. */
export interface Queue {
  /** The user's place in line: the one they have, or a new one at the end. Problem NOT_FOUND: no such concert. */
  join(concertId: string, userId: string): Promise<{ ticket: QueueTicket; status: QueueStatus }>
  /** How a ticket stands. Asking counts as presence. */
  status(ticket: QueueTicket): Promise<QueueStatus>
  /** The gate: the status, and if that is Admitted, the admission is claimed by it and its full time starts. */
  use(ticket: QueueTicket): Promise<QueueStatus>
  /** Keeps an admission open until then at least, for its owner holds seats. Nothing for who is not admitted. */
  extend(ticket: QueueTicket, until: Date): Promise<void>
  /** A payment has spent the ticket; frees its slot. May be repeated. */
  finish(ticket: QueueTicket): Promise<void>
  /** Gives the place up. May be repeated. */
  leave(ticket: QueueTicket): Promise<QueueStatus>
  /** Takes new settings over, unless newer ones are in place. */
  configure(concertId: string, settings: QueueSettings): Promise<void>
  /** How many wait and are admitted, for each concert in the order given. */
  counts(concertIds: readonly string[]): Promise<QueueCounts[]>
  /** One admission round over all active queues. */
  tick(): Promise<void>
  /** The status now and whenever it changes; completes after the last one. Listening counts as presence. */
  watch(ticket: QueueTicket): AsyncIterableIterator<QueueStatus>
}

export interface QueueOptions {
  connection: RedisConnection
  wakeups: Wakeups
  books: QueueBooks
  times: QueueTimes
  /** Of every key and channel; the same as that of the wake-ups. */
  prefix?: string
}

export function createQueue({ connection, wakeups, books, times, prefix }: QueueOptions): Queue {
  const commands = createCommands(connection, createKeys(prefix), times)
  const { unblocked, settled } = createSettler(commands, books)

  const statuses = (concertId: string, tickets: readonly QueueTicket[]) =>
    settled(concertId, tickets, () => commands.status(concertId, tickets))

  const one = async (ticket: QueueTicket, run: Parameters<typeof settled>[2]): Promise<QueueStatus> =>
    known((await settled(ticket.concertId, [ticket], run))[0])

  return {
    join: async (concertId, userId) => {
      // Sent first, so that no tick can drop a queue with somebody in it; both travel together.
      const [, { number, status }] = await Promise.all([
        commands.keepActive([concertId], []),
        unblocked(concertId, () => commands.join(concertId, userId)),
      ])
      return { ticket: { userId, concertId, number }, status }
    },
    status: (ticket) => one(ticket, () => commands.status(ticket.concertId, [ticket])),
    use: (ticket) => one(ticket, () => commands.use(ticket)),
    extend: async (ticket, until) => {
      await one(ticket, () => commands.extend(ticket, until))
    },
    finish: (ticket) => commands.finish(ticket),
    leave: (ticket) => one(ticket, () => commands.leave(ticket)),
    configure: (concertId, settings) => commands.configure(concertId, settings),
    counts: (concertIds) => Promise.all(concertIds.map((concertId) => commands.counts(concertId))),
    tick: async () => {
      const concertIds = await commands.listActive()
      const rounds = await Promise.allSettled(concertIds.map((concertId) => commands.admit(concertId)))
      const failed = rounds.find((round) => round.status === 'rejected')
      const stands = (index: number): number => {
        const round = rounds[index]
        return round?.status === 'fulfilled' ? round.value : 1
      }
      await commands.keepActive(
        concertIds.filter((_, index) => stands(index) > 0),
        concertIds.filter((_, index) => stands(index) === 0),
      )
      if (failed) throw failed.reason
    },
    watch: createWatch({ read: statuses, wakeups, graceMs: times.absenceGraceMs }),
  }
}

function known(status: QueueStatus | Failed | undefined): QueueStatus {
  if (!status) throw new Error('The script reported on no ticket')
  if (status.kind === 'Failed') throw status.cause
  return status
}
