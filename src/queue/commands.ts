import type { QueueStats } from '../domain/stats.ts'
import type { QueueCounts, QueueSettings, QueueTicket, QueueTimes, StatusQuery } from '../domain/queue.ts'
import type { RedisConnection } from '../redis/connection.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScript } from '../redis/scripts.ts'
import { isBlocked, toFound, toJoined, toReport, toStats, toUsed } from './replies.ts'
import type { Blocked, Joined, Report, Used } from './replies.ts'

/** After this long without live tickets a queue is not active any more. */
const IDLE_MS = 10 * 60_000

/** The scripts in lua/, one typed function each. The head of a script says what it does and replies. */
export interface Commands {
  join(concertId: string, userIds: readonly string[]): Promise<Blocked | Joined[]>
  status(concertId: string, tickets: readonly StatusQuery[]): Promise<Blocked | Report>
  use(ticket: QueueTicket, neededMs: number): Promise<Blocked | Used>
  extend(ticket: QueueTicket, until: Date): Promise<Blocked | Report>
  leave(ticket: QueueTicket): Promise<Blocked | Report>
  finish(ticket: QueueTicket): Promise<void>
  /** The fencing token for `open` and `restore`, requested before PostgreSQL is read. */
  fence(concertId: string): Promise<string>
  restore(ticket: QueueTicket, fence: string): Promise<Blocked | 'OK'>
  open(concertId: string, block: Block, fence: string): Promise<'OPENED' | 'KEPT' | 'FENCED'>
  configure(concertId: string, settings: QueueSettings): Promise<void>
  /** @returns how many tickets are live after it */
  admit(concertId: string): Promise<number>
  counts(concertId: string): Promise<QueueCounts>
  stats(concertId: string): Promise<QueueStats>
  /** The live ticket of a user; does not count as presence. null: none. */
  find(concertId: string, userId: string): Promise<Joined | null>
  /** The active queues, which ticks run over, the last used first: all of them, or `limit` at the most. */
  listActive(limit?: number): Promise<string[]>
  markActive(concertId: string): Promise<void>
  /** Keeps the busy queues active, and removes the empty ones that have been idle for long. */
  updateActive(busy: readonly string[], empty: readonly string[]): Promise<void>
}

/** A block of numbers reserved in PostgreSQL; `fresh`: the first one of its concert. */
export interface Block {
  first: number
  last: number
  fresh: boolean
  settings: QueueSettings
}

/** Every function throws Problem OVERLOADED when Redis is slow or away. */
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
  const stats = concertScript('stats')
  const find = concertScript('find')
  const active = defineScript(redis, new URL('./lua/active.lua', import.meta.url))
  const updateActive: Commands['updateActive'] = async (busy, empty) => {
    await call(() => active(keys.active, IDLE_MS, busy.length, ...busy, ...empty), 'active.lua')
  }

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
      (await open(concertId, ...toSettingArgs(settings), first, last, Number(fresh), token)) as
        'OPENED' | 'KEPT' | 'FENCED',
    configure: async (concertId, settings) => {
      await configure(concertId, ...toSettingArgs(settings))
    },
    admit: async (concertId) => Number(await admit(concertId)),
    counts: async (concertId) => {
      const [waiting, admitted, admittedTotal] = (await counts(concertId)) as [number, number, number]
      return { waiting, admitted, admittedTotal }
    },
    stats: async (concertId) => toStats(await stats(concertId)),
    find: async (concertId, userId) => toFound(await find(concertId, userId)),
    listActive: (limit) => call(() => redis.zrevrange(keys.active, 0, limit === undefined ? -1 : limit - 1)),
    markActive: (concertId) => updateActive([concertId], []),
    updateActive,
  }
}

const toSettingArgs = ({ capacity, ratePerSecond, paused, version }: QueueSettings): (string | number)[] => [
  capacity,
  ratePerSecond ?? '',
  Number(paused),
  version,
]
