import type { QueueStats } from '../domain/stats.ts'
import type {
  QueueCounts,
  QueueSettings,
  QueueStatus,
  QueueTicket,
  QueueTimes,
  StatusQuery,
} from '../domain/queue.ts'
import type { RedisConnection } from '../redis/connection.ts'
import { createKeys } from '../redis/keys.ts'
import type { PubSub } from '../redis/pubsub.ts'
import { createCommands } from './commands.ts'
import { createJoinBatcher } from './join-batcher.ts'
import type { ObservePushLatency } from './positions/push-latency.ts'
import { createTicketSubscriptions } from './positions/subscribe.ts'
import { createRecovery } from './recovery.ts'
import type { Failed, QueueStore } from './recovery.ts'
import { isBlocked } from './replies.ts'

export type { QueueStore } from './recovery.ts'

/** The queues of all concerts. Every function throws Problem OVERLOADED when Redis or PostgreSQL is away. */
export interface Queue {
  /** The user's live ticket, or a new one at the end of the queue. Problem NOT_FOUND: no such concert. */
  join(concertId: string, userId: string): Promise<{ ticket: QueueTicket; status: QueueStatus }>
  /** The status of a ticket. Counts as presence, unless `passive`. */
  status(ticket: StatusQuery): Promise<QueueStatus>
  /** As status; an admitted ticket is claimed by it, and its full time starts with the first use. */
  use(ticket: QueueTicket): Promise<QueueStatus>
  /**
   * As use, before seats are held: an admission that is about to expire is lengthened, once.
   * @param neededMs the longest time that holding takes
   * @returns the time until the latest end of the turn, which no hold may outlast; 0 unless the ticket is admitted
   */
  useToHold(ticket: QueueTicket, neededMs: number): Promise<{ status: QueueStatus; turnLeftMs: number }>
  /**
   * Extends an admission while its owner holds seats, but not past the latest end of the turn. Does nothing for a ticket
   * that is not admitted.
   */
  extend(ticket: QueueTicket, until: Date): Promise<void>
  /** Ends a ticket that a payment has spent, and frees its slot. Idempotent. */
  finish(ticket: QueueTicket): Promise<void>
  /** Ends a ticket whose owner leaves. Idempotent. */
  leave(ticket: QueueTicket): Promise<QueueStatus>
  /** Stores new settings, unless newer ones are stored. */
  configure(concertId: string, settings: QueueSettings): Promise<void>
  /** The numbers of waiting and admitted tickets, for each concert in the order given. */
  counts(concertIds: readonly string[]): Promise<QueueCounts[]>
  stats(concertId: string): Promise<QueueStats>
  /** The live ticket of a user and its status; does not count as presence. null: none. */
  find(concertId: string, userId: string): Promise<{ ticket: QueueTicket; status: QueueStatus } | null>
  /** The active queues, the last used first, `limit` at the most. */
  active(limit: number): Promise<string[]>
  /** One admission round over all active queues. */
  tick(): Promise<void>
  /**
   * The current status and every change; completes after the last one.
   * @param lastSeenAt when the client was last active, in milliseconds of performance.now(): the subscription counts as
   *   presence only while that increases. By default it always counts.
   */
  subscribe(ticket: QueueTicket, lastSeenAt?: () => number): AsyncIterableIterator<QueueStatus>
}

export interface QueueOptions {
  connection: RedisConnection
  pubsub: PubSub
  store: QueueStore
  times: QueueTimes
  /** The prefix of all keys and channels. */
  prefix?: string
  observePushLatency?: ObservePushLatency | undefined
}

export function createQueue(options: QueueOptions): Queue {
  const { connection, pubsub, store, times, prefix, observePushLatency } = options
  const commands = createCommands(connection, createKeys(prefix), times)
  const recovery = createRecovery(commands, store)

  const readStatuses = (concertId: string, tickets: readonly StatusQuery[]) =>
    recovery.withRecovery(concertId, tickets, () => commands.status(concertId, tickets))

  async function statusFrom(
    ticket: QueueTicket,
    run: Parameters<typeof recovery.withRecovery>[2],
  ): Promise<QueueStatus> {
    const { statuses } = await recovery.withRecovery(ticket.concertId, [ticket], run)
    return unwrap(statuses[0])
  }

  return {
    join: createJoinBatcher(commands, recovery),
    status: (ticket) => statusFrom(ticket, () => commands.status(ticket.concertId, [ticket])),
    use: (ticket) => statusFrom(ticket, () => commands.use(ticket, 0)),
    useToHold: async (ticket, neededMs) => {
      let turnLeftMs = 0
      const status = await statusFrom(ticket, async () => {
        const used = await commands.use(ticket, neededMs)
        if (!isBlocked(used)) ({ turnLeftMs } = used)
        return used
      })
      return { status, turnLeftMs }
    },
    extend: async (ticket, until) => {
      await statusFrom(ticket, () => commands.extend(ticket, until))
    },
    finish: (ticket) => commands.finish(ticket),
    leave: (ticket) => statusFrom(ticket, () => commands.leave(ticket)),
    configure: (concertId, settings) => commands.configure(concertId, settings),
    counts: (concertIds) => Promise.all(concertIds.map((concertId) => commands.counts(concertId))),
    stats: (concertId) => commands.stats(concertId),
    find: async (concertId, userId) => {
      const found = await commands.find(concertId, userId)
      return found && { ticket: { userId, concertId, number: found.number }, status: found.status }
    },
    active: (limit) => commands.listActive(limit),
    tick: async () => {
      const concertIds = await commands.listActive()
      const rounds = await Promise.allSettled(concertIds.map((concertId) => commands.admit(concertId)))
      const isBusy = (_: string, index: number): boolean => {
        const round = rounds[index]
        return round?.status !== 'fulfilled' || round.value > 0
      }
      const isEmpty = (concertId: string, index: number): boolean => !isBusy(concertId, index)
      await commands.updateActive(concertIds.filter(isBusy), concertIds.filter(isEmpty))
      const failed = rounds.find((round) => round.status === 'rejected')
      if (failed) throw failed.reason
    },
    subscribe: createTicketSubscriptions({
      read: readStatuses,
      pubsub,
      graceMs: times.absenceGraceMs,
      observePushLatency,
    }),
  }
}

function unwrap(status: QueueStatus | Failed | undefined): QueueStatus {
  if (!status) throw new Error('The script has not reported on the ticket')
  if (status.kind === 'Failed') throw status.cause
  return status
}
