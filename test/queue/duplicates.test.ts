import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QueueTicket } from '../../src/domain/queue.ts'
import { Problem } from '../../src/domain/problem.ts'
import { createQueueHarness, roundRobin, type QueueHarness } from '../support/queue-harness.ts'

const USERS = Array.from({ length: 5 }, () => randomUUID())
const CAPACITY = 2

/** Whatever is sent again at any later moment must do no harm: decisions/015. join.lua is not one of them. */
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

/** Sends every script twice: at once, with a loss of all data in between, or again at any later moment. */
function createRepeater() {
  const sent: (() => Promise<unknown>)[] = []
  let lose: (() => Promise<void>) | undefined
  return {
    /** The next script that may be repeated is executed, the data is lost, and it is executed again. */
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
      const answer = await run()
      if (REPEATABLE.has(what)) {
        sent.push(run)
        const losing = lose
        lose = undefined
        await losing?.()
      }
      await run()
      return answer
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

/** What was given out and what has ended, as clients and PostgreSQL know it. */
class History {
  readonly tickets: QueueTicket[] = []
  /** A loss of data has begun a recovery that nothing but time may end. */
  recovers = false
  recoveringUntil = 0

  given(ticket: QueueTicket): void {
    const same = this.tickets.find(({ number }) => number === ticket.number)
    expect(same?.userId ?? ticket.userId).toBe(ticket.userId)
    if (!same) this.tickets.push(ticket)
  }

  async check(stage: QueueHarness): Promise<void> {
    const { redis } = stage.connection
    const [waiting, absent, admissions, meta] = await Promise.all([
      redis.zrange(stage.key('waiting'), 0, -1, 'WITHSCORES'),
      redis.zrange(stage.key('absent'), 0, -1, 'WITHSCORES'),
      redis.hgetall(stage.key('admissions')),
      redis.hgetall(stage.key('meta')),
    ])
    const inLine = [waiting, absent].flatMap((line) =>
      line.flatMap((user, index) => (index % 2 === 0 ? [{ user, number: Number(line[index + 1]) }] : [])),
    )
    const admitted = Object.entries(admissions).map(([user, admission]) => ({
      user,
      number: Number(admission.split(' ')[0]),
    }))
    const live = [...inLine, ...admitted]
    expect(new Set(live.map(({ user }) => user)).size).toBe(live.length)
    for (const { user, number } of live) {
      expect(this.tickets.find((ticket) => ticket.number === number)?.userId).toBe(user)
      expect(stage.store.ended.has(number), `${number} has ended, and is back`).toBe(false)
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

test('whatever is executed twice or again later, before or after a loss of data, nothing is given twice and nobody is back', async () => {
  const repeater = createRepeater()
  const stage = createQueueHarness({ blockSize: 3, intercept: repeater.send })
  const queue = roundRobin(stage.queue, stage.instance().queue)
  const { concertId, store: books } = stage

  const run = async (history: History, { kind, choice }: { kind: string; choice: number }): Promise<void> => {
    const lose = async (): Promise<void> => {
      await stage.clearRedis()
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
      if (await stage.connection.redis.hexists(stage.key('meta'), 'next'))
        await stage.setMeta({ recovering_until: 0 })
    } else if (!ticket) return
    else if (kind === 'status') await queue().status(ticket)
    else if (kind === 'use') await queue().use(ticket)
    else if (kind === 'extend') await queue().extend(ticket, new Date(Date.now() + 1_000))
    else if (kind === 'runOut') await stage.expireAdmission(ticket.userId)
    else if (kind === 'leave') {
      if (!books.ended.has(ticket.number)) books.ended.set(ticket.number, 'LEFT')
      await queue().leave(ticket)
    } else if (kind === 'finish') {
      if (books.ended.get(ticket.number) !== 'LEFT') books.ended.set(ticket.number, 'PAID')
      if (books.ended.get(ticket.number) === 'PAID') await queue().finish(ticket)
    }
  }

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      await stage.clearRedis()
      repeater.forget()
      books.reserved = 0
      books.ended.clear()
      books.settings = { ...books.settings, capacity: CAPACITY }
      const history = new History()
      for (const one of steps) {
        await run(history, one).catch((error: unknown) => {
          // Redis has lost its data while this was under way, more than once perhaps.
          if (!(error instanceof Problem && error.code === 'OVERLOADED')) throw error
          // A buyer who got no answer may be in line with a number that nobody was told.
        })
        await history.check(stage)
      }
    }),
    { numRuns: 150 },
  )
})
