import type { QueueStats } from '../domain/stats.ts'
import type { QueueCounts, QueueSettings, QueueTicket, QueueTimes, StatusQuery } from '../domain/queue.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Keys } from '../redis/keys.ts'
import { isBlocked, toStats, toFound, toJoined, toReport, toUsed } from './replies.ts'
import type { Blocked, Joined, Report, Used } from './replies.ts'
import { defineScript } from '../redis/scripts.ts'

/** A queue that has stood empty for so long, with nobody away who may return, is not ticked any more. */
const IDLE_MS = 10 * 60_000

/** The scripts in lua/, one typed function each; what they do and return is told at their head. */
export interface Commands {
  /** In this order. */
  join(concertId: string, userIds: readonly string[]): Promise<Blocked | Joined[]>
  status(concertId: string, tickets: readonly StatusQuery[]): Promise<Blocked | Report>
  use(ticket: QueueTicket, neededMs: number): Promise<Blocked | Used>
  extend(ticket: QueueTicket, until: Date): Promise<Blocked | Report>
  leave(ticket: QueueTicket): Promise<Blocked | Report>
  finish(ticket: QueueTicket): Promise<void>
  /** A fencing token, to be read before PostgreSQL is asked what open or restore then write. */
  fence(concertId: string): Promise<string>
  restore(ticket: QueueTicket, fence: string): Promise<Blocked | 'OK'>
  open(concertId: string, block: Block, fence: string): Promise<'OPENED' | 'KEPT' | 'FENCED'>
  configure(concertId: string, settings: QueueSettings): Promise<void>
  /** Resolves to how many stand in the queue afterwards. */
  admit(concertId: string): Promise<number>
  counts(concertId: string): Promise<QueueCounts>
  stats(concertId: string): Promise<QueueStats>
  /** The live ticket of a user, looked at without counting as presence; null: there is none. */
  find(concertId: string, userId: string): Promise<Joined | null>
  /** The queues that ticks look after, those used last first: all of them, or `limit` at the most. */
  listActive(limit?: number): Promise<string[]>
  /** Keeps the busy ones on that list, and drops the empty ones that have been idle for long. */
  keepActive(busy: readonly string[], empty: readonly string[]): Promise<void>
}

/** A block of numbers that PostgreSQL reserved; fresh: the first one ever for its concert. */
export interface Block {
  first: number
  last: number
  fresh: boolean
  settings: QueueSettings
}

/** Every function here throws Problem OVERLOADED when Redis is slow or away. */
export function createCommands({ redis, call }: RedisConnection, keys: Keys, times: QueueTimes): Commands {
  const concertScript = (name: string) => {
    const script = defineScript(redis, new URL(`./lua/${name}.lua`, import.meta.url))
    const { admissionMs, claimMs, absenceGraceMs } = times
    return (concertId: string, ...args: (string | number)[]): Promise<unknown> =>
      call(
        () => script(keys.concert(concertId), admissionMs, claimMs, absenceGraceMs, ...args),
        `${name}.lua`,
      )
  }
  const join = concertScript('join')
  const status = concertScript('status')
  const use = concertScript('use')
  const extend = concertScript('extend')
  const leave = concertScript('leave')
  const finish = concertScript('finish')
  const fence = concertScript('fence')
  const restore = concertScript('restore')
  const open = concertScript('open')
  const configure = concertScript('configure')
  const admit = concertScript('admit')
  const counts = concertScript('counts')
  const figures = concertScript('stats')
  const find = concertScript('find')
  const active = defineScript(redis, new URL('./lua/active.lua', import.meta.url))

  return {
    join: async (concertId, userIds) => toJoined(await join(concertId, ...userIds)),
    status: async (concertId, tickets) =>
      toReport(
        await status(
          concertId,
          ...tickets.flatMap(({ userId, number, passive = false }) => [userId, number, Number(passive)]),
        ),
      ),
    use: async ({ concertId, userId, number }, neededMs) =>
      toUsed(await use(concertId, userId, number, neededMs, times.turnMs)),
    extend: async ({ concertId, userId, number }, until) =>
      toReport(await extend(concertId, userId, number, until.getTime(), times.turnMs)),
    leave: async ({ concertId, userId, number }) => toReport(await leave(concertId, userId, number)),
    finish: async ({ concertId, userId, number }) => {
      await finish(concertId, userId, number)
    },
    fence: async (concertId) => String(await fence(concertId)),
    restore: async ({ concertId, userId, number }, token) => {
      const reply = await restore(concertId, userId, number, token)
      return isBlocked(reply) ? reply : 'OK'
    },
    open: async (concertId, { first, last, fresh, settings }, token) =>
      (await open(concertId, ...settingArgs(settings), first, last, Number(fresh), token)) as
        'OPENED' | 'KEPT' | 'FENCED',
    configure: async (concertId, settings) => {
      await configure(concertId, ...settingArgs(settings))
    },
    admit: async (concertId) => Number(await admit(concertId)),
    counts: async (concertId) => {
      const [waiting, admitted, admittedTotal] = (await counts(concertId)) as [number, number, number]
      return { waiting, admitted, admittedTotal }
    },
    stats: async (concertId) => toStats(await figures(concertId)),
    find: async (concertId, userId) => toFound(await find(concertId, userId)),
    listActive: (limit) => call(() => redis.zrevrange(keys.active, 0, limit === undefined ? -1 : limit - 1)),
    keepActive: async (busy, empty) => {
      await call(() => active(keys.active, IDLE_MS, busy.length, ...busy, ...empty), 'active.lua')
    },
  }
}

const settingArgs = ({ capacity, ratePerSecond, paused, version }: QueueSettings): (string | number)[] => [
  capacity,
  ratePerSecond ?? '',
  Number(paused),
  version,
]
