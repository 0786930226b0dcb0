import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QueueTicket } from '../../src/domain/queue.ts'
import { Problem } from '../../src/domain/problem.ts'
import { createQueueHarness, roundRobin, type QueueHarness } from '../support/queue-harness.ts'

const USERS = Array.from({ length: 5 }, () => randomUUID())
const CAPACITY = 2

/** Scripts that may be executed again at any later time: docs/decisions/015. join.lua may not. */
const REPEATABLE = new Set(
  [
    'status',
    'use',
    'extend',
    'leave',
    'finish',
    'restore',
    'open',
    'fence',
    'configure',
    'admit',
    'active',
  ].map((name) => `${name}.lua`),
)

/** Executes every script twice: at once, with a loss of all data in between, or again at any later time. */
function createRepeater() {
  const sent: (() => Promise<unknown>)[] = []
  let lose: (() => Promise<void>) | undefined
  return {
    /** Loses the data between the two executions of the next repeatable script. */
    loseBetween: (how: () => Promise<void>): void => {
      lose = how
    },
    again: async (choice: number): Promise<void> => {
      await sent[choice % Math.max(1, sent.length)]?.()
    },
    forget: (): void => {
      sent.length = 0
      lose = undefined
    },
    send: async <T>(run: () => Promise<T>, what: string): Promise<T> => {
      const reply = await run()
      if (REPEATABLE.has(what)) {
        sent.push(run)
        const losing = lose
        lose = undefined
        await losing?.()
      }
      await run()
      return reply
    },
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('join' as const), choice: fc.nat(USERS.length - 1) }),
  },
  ...(
    [
      ['status', 4],
      ['use', 2],
      ['extend', 1],
      ['leave', 3],
      ['finish', 1],
      ['runOut', 1],
      ['again', 6],
      ['lose', 1],
      ['loseBetween', 2],
      ['recovered', 1],
      ['tick', 1],
    ] as const
  ).map(([kind, weight]) => ({
    weight,
    arbitrary: fc.record({ kind: fc.constant(kind), choice: fc.nat(1_000) }),
  })),
)

/** The tickets that were issued and those that have ended, as clients and PostgreSQL know them. */
class History {
  readonly tickets: QueueTicket[] = []
  /** A loss of data has begun a recovery, which only time may end. */
  recovers = false
  recoveringUntil = 0

  given(ticket: QueueTicket): void {
    const same = this.tickets.find(({ number }) => number === ticket.number)
    expect(same?.userId ?? ticket.userId).toBe(ticket.userId)
    if (!same) this.tickets.push(ticket)
  }

  async check(harness: QueueHarness): Promise<void> {
    const { redis } = harness.connection
    const [waiting, absent, admissions, meta] = await Promise.all([
      redis.zrange(harness.key('waiting'), 0, -1, 'WITHSCORES'),
      redis.zrange(harness.key('absent'), 0, -1, 'WITHSCORES'),
      redis.hgetall(harness.key('admissions')),
      redis.hgetall(harness.key('meta')),
    ])
    const queued = [waiting, absent].flatMap((entries) =>
      entries.flatMap((user, index) =>
        index % 2 === 0 ? [{ user, number: Number(entries[index + 1]) }] : [],
      ),
    )
    const admitted = Object.entries(admissions).map(([user, admission]) => ({
      user,
      number: Number(admission.split(' ')[0]),
    }))
    const live = [...queued, ...admitted]
    expect(new Set(live.map(({ user }) => user)).size).toBe(live.length)
    for (const { user, number } of live) {
      expect(this.tickets.find((ticket) => ticket.number === number)?.userId).toBe(user)
      expect(harness.store.ended.has(number), `ticket ${number} has ended, and was restored`).toBe(false)
    }
    expect(admitted.length).toBeLessThanOrEqual(CAPACITY)
    if (meta['next'] === undefined || !this.recovers) return
    const until = Number(meta['recovering_until'])
    expect(until).toBeGreaterThan(0)
    this.recoveringUntil ||= until
    expect(until).toBe(this.recoveringUntil)
    expect(admitted).toEqual([])
  }
}

test('scripts executed twice, or again after a loss of data, issue no number twice and restore no ended ticket', async () => {
  const repeater = createRepeater()
  const harness = createQueueHarness({ blockSize: 3, intercept: repeater.send })
  const queue = roundRobin(harness.queue, harness.instance().queue)
  const { concertId, store } = harness

  const run = async (history: History, { kind, choice }: { kind: string; choice: number }): Promise<void> => {
    const lose = async (): Promise<void> => {
      await harness.clearRedis()
      history.recovers = history.tickets.length > 0
      history.recoveringUntil = 0
    }
    const ticket = history.tickets[choice % Math.max(1, history.tickets.length)]
    if (kind === 'join') history.given((await queue().join(concertId, USERS[choice] as string)).ticket)
    else if (kind === 'lose') await lose()
    else if (kind === 'loseBetween') repeater.loseBetween(lose)
    else if (kind === 'again') await repeater.again(choice)
    else if (kind === 'tick') await queue().tick()
    else if (kind === 'recovered') {
      history.recovers = false
      if (await harness.connection.redis.hexists(harness.key('meta'), 'next'))
        await harness.setMeta({ recovering_until: 0 })
    } else if (!ticket) return
    else if (kind === 'status') await queue().status(ticket)
    else if (kind === 'use') await queue().use(ticket)
    else if (kind === 'extend') await queue().extend(ticket, new Date(Date.now() + 1_000))
    else if (kind === 'runOut') await harness.expireAdmission(ticket.userId)
    else if (kind === 'leave') {
      if (!store.ended.has(ticket.number)) store.ended.set(ticket.number, 'LEFT')
      await queue().leave(ticket)
    } else if (kind === 'finish') {
      if (store.ended.get(ticket.number) !== 'LEFT') store.ended.set(ticket.number, 'PAID')
      if (store.ended.get(ticket.number) === 'PAID') await queue().finish(ticket)
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      await harness.clearRedis()
      repeater.forget()
      store.reserved = 0
      store.ended.clear()
      store.settings = { ...store.settings, capacity: CAPACITY }
      const history = new History()
      for (const one of steps) {
        await run(history, one).catch((error: unknown) => {
          // The data was lost during the call, perhaps more than once.
          if (!(error instanceof Problem && error.code === 'OVERLOADED')) throw error
          // The ticket may wait in the queue without the client having received it.
        })
        await history.check(harness)
      }
    }),
    { numRuns: 150 },
  )
})
