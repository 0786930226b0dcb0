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
import { createCommands } from './commands.ts'
import { createJoinBatcher } from './join-batcher.ts'
import { createKeys } from '../redis/keys.ts'
import { isBlocked } from './replies.ts'
import { createRecovery } from './recovery.ts'
import type { Failed, QueueStore } from './recovery.ts'
import type { ObservePushLatency } from './positions/push-latency.ts'
import type { PubSub } from '../redis/pubsub.ts'
import { createTicketSubscriptions } from './positions/subscribe.ts'

export type { QueueStore } from './recovery.ts'

/** The queues of all concerts. Every function throws Problem OVERLOADED when Redis or the books are away. */
export interface Queue {
  /** The user's place in line: the one they have, or a new one at the end. Problem NOT_FOUND: no such concert. */
  join(concertId: string, userId: string): Promise<{ ticket: QueueTicket; status: QueueStatus }>
  /** How a ticket stands. Asking counts as presence. */
  status(ticket: QueueTicket): Promise<QueueStatus>
  /** The gate: the status, and if that is Admitted, the admission is claimed by it and its full time starts. */
  use(ticket: QueueTicket): Promise<QueueStatus>
  /**
   * The gate for holding seats: as use, and an admission in its last moments is lengthened, once.
   * @param neededMs the longest that holding takes
   * @returns with how long the turn can still last: no hold may last longer; 0 for who is not admitted
   */
  useToHold(ticket: QueueTicket, neededMs: number): Promise<{ status: QueueStatus; turnLeftMs: number }>
  /**
   * Keeps an admission open until then, for its owner holds seats, but not past the longest length of the turn. Nothing for
   * who is not admitted.
   */
  extend(ticket: QueueTicket, until: Date): Promise<void>
  /** A payment has spent the ticket; frees its slot. May be repeated. */
  finish(ticket: QueueTicket): Promise<void>
  /** Gives the place up. May be repeated. */
  leave(ticket: QueueTicket): Promise<QueueStatus>
  /** Takes new settings over, unless newer ones are in place. */
  configure(concertId: string, settings: QueueSettings): Promise<void>
  /** How many wait and are admitted, for each concert in the order given. */
  counts(concertIds: readonly string[]): Promise<QueueCounts[]>
  stats(concertId: string): Promise<QueueStats>
  /** The live ticket of a user and how it stands, looked at without counting as presence; null: there is none. */
  find(concertId: string, userId: string): Promise<{ ticket: QueueTicket; status: QueueStatus } | null>
  /** The queues that somebody has stood in lately, those used last first, `limit` at the most. */
  active(limit: number): Promise<string[]>
  /** One admission round over all active queues. */
  tick(): Promise<void>
  /**
   * The status now and whenever it changes; completes after the last one.
   * @param lastSeenAt when its owner was heard of last, ms of performance.now(): listening counts as presence only while that moves
   *   on. Without it, it always does.
   */
  subscribe(ticket: QueueTicket, lastSeenAt?: () => number): AsyncIterableIterator<QueueStatus>
}

export interface QueueOptions {
  connection: RedisConnection
  pubsub: PubSub
  store: QueueStore
  times: QueueTimes
  /** Of every key and channel; the same as that of the wake-ups. */
  prefix?: string
  /** Hears how long subscribers waited for news. */
  observePushLatency?: ObservePushLatency | undefined
}

export function createQueue({
  connection,
  pubsub,
  store: books,
  times,
  prefix,
  observePushLatency,
}: QueueOptions): Queue {
  const commands = createCommands(connection, createKeys(prefix), times)
  const settler = createRecovery(commands, books)
  const { withRecovery: settled } = settler

  const statuses = (concertId: string, tickets: readonly StatusQuery[]) =>
    settled(concertId, tickets, () => commands.status(concertId, tickets))

  const one = async (ticket: QueueTicket, run: Parameters<typeof settled>[2]): Promise<QueueStatus> =>
    known((await settled(ticket.concertId, [ticket], run)).statuses[0])

  return {
    join: createJoinBatcher(commands, settler),
    status: (ticket) => one(ticket, () => commands.status(ticket.concertId, [ticket])),
    use: (ticket) => one(ticket, () => commands.use(ticket, 0)),
    useToHold: async (ticket, neededMs) => {
      let turnLeftMs = 0
      const status = await one(ticket, async () => {
        const used = await commands.use(ticket, neededMs)
        if (!isBlocked(used)) ({ turnLeftMs } = used)
        return used
      })
      return { status, turnLeftMs }
    },
    extend: async (ticket, until) => {
      await one(ticket, () => commands.extend(ticket, until))
    },
    finish: (ticket) => commands.finish(ticket),
    leave: (ticket) => one(ticket, () => commands.leave(ticket)),
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
    subscribe: createTicketSubscriptions({
      read: statuses,
      pubsub,
      graceMs: times.absenceGraceMs,
      observePushLatency,
    }),
  }
}

function known(status: QueueStatus | Failed | undefined): QueueStatus {
  if (!status) throw new Error('The script reported on no ticket')
  if (status.kind === 'Failed') throw status.cause
  return status
}
