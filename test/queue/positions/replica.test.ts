/** After any sequence of operations, delays and losses, subscribers are sent the status that a read returns. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTerminal } from '../../../src/domain/queue.ts'
import type { QueueStatus, QueueTicket } from '../../../src/domain/queue.ts'
import { createRecovery } from '../../../src/queue/recovery.ts'
import { createTicketSubscriptions } from '../../../src/queue/positions/subscribe.ts'
import type { QueueDelta } from '../../../src/redis/pubsub.ts'
import { createQueueHarness, LONG_TIMES } from '../../support/queue-harness.ts'
import type { Instance, QueueHarness } from '../../support/queue-harness.ts'
import { eventually } from '../../support/eventually.ts'

interface Listener {
  ticket: QueueTicket
  sent: QueueStatus[]
  over: boolean
  stop(): Promise<unknown>
}

/** Subscribers of one instance whose deltas and replies arrive late, in any order to one another, or not at all. */
function createLaggingInstance(
  harness: QueueHarness,
  { commands, pubsub }: Instance,
  delayMs: () => number = () => 0,
) {
  const { withRecovery } = createRecovery(commands, harness.store)
  const post = { drop: 0, lose: (): void => undefined, ticketsRead: 0 }
  const late = async (): Promise<void> => {
    const ms = delayMs()
    if (ms > 0) await sleep(ms)
  }
  const watch = createTicketSubscriptions({
    // So long that no ticket is read for its presence during a test.
    graceMs: LONG_TIMES.absenceGraceMs,
    read: async (concertId, tickets) => {
      post.ticketsRead += tickets.length
      await late()
      const report = await withRecovery(concertId, tickets, () => commands.status(concertId, tickets))
      await late()
      return report
    },
    pubsub: {
      ...pubsub,
      subscribeQueue: (concertId, onDelta) => {
        let last = Promise.resolve()
        const deliver = (delta: QueueDelta | null): void => {
          last = last.then(late).then(() => onDelta(delta))
        }
        post.lose = () => deliver(null)
        return pubsub.subscribeQueue(concertId, (delta) => {
          if (post.drop > 0) post.drop -= 1
          else deliver(delta)
        })
      },
    },
  })
  const follow = (ticket: QueueTicket): Listener => {
    const stream = watch(ticket)
    const sent: QueueStatus[] = []
    const listener: Listener = {
      ticket,
      sent,
      over: false,
      stop: async () => {
        listener.over = true
        await stream.return?.()
      },
    }
    // Nothing is sent after the end, even if Redis loses the ticket later.
    void (async () => {
      for await (const status of stream) {
        sent.push(status)
        listener.over = isTerminal(status)
      }
    })()
    return listener
  }
  return { post, follow }
}

/** What of the last status sent has to match. An estimate may be out of date: small differences are not sent. */
const essence = (status: QueueStatus | undefined): unknown =>
  status?.kind === 'Waiting' ? { ...status, estimatedWaitSeconds: 0 } : status

const harness = createQueueHarness({ blockSize: 40 })
const other = harness.instance()

const USERS = 8
const user = fc.nat(USERS - 1)
const choice = fc.nat(30)
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('join' as const), user }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('watch' as const), choice, far: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), choice }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), choice }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), choice }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('status' as const), choice }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('use' as const), choice }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('runOut' as const), choice }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'silence' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'tick' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('configure' as const),
      capacity: fc.integer({ min: 0, max: 3 }),
      paused: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), far: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect' as const), far: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'recovered' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'breathe' as const }) },
)

test('after any sequence of operations the status sent last is the one that a read returns', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 10, maxLength: 50, size: 'max' }),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }),
      async (operations, delays) => {
        let turn = 0
        const delayMs = (): number => delays[turn++ % delays.length] as number
        const near = createLaggingInstance(harness, harness, delayMs)
        const far = createLaggingInstance(harness, other, delayMs)
        const users = Array.from({ length: USERS }, () => randomUUID())
        const tickets: QueueTicket[] = []
        const listeners: Listener[] = []
        const anyOf = (index: number): QueueTicket | undefined => tickets[index % Math.max(1, tickets.length)]
        await harness.clearRedis()
        harness.store.settings = { capacity: 1, ratePerSecond: null, paused: false, version: 1 }
        const { queue, concertId } = harness

        for (const step of operations) {
          const ticket = 'choice' in step ? anyOf(step.choice) : undefined
          const { post, follow } = 'far' in step && step.far ? far : near
          if (step.kind === 'join') {
            const joined = await queue.join(concertId, users[step.user] as string)
            tickets.push(joined.ticket)
          } else if (step.kind === 'watch' && ticket) listeners.push(follow(ticket))
          else if (step.kind === 'close' && listeners.length > 0)
            await listeners[step.choice % listeners.length]?.stop()
          else if (step.kind === 'leave' && ticket) await queue.leave(ticket)
          else if (step.kind === 'finish' && ticket) {
            harness.store.ended.set(ticket.number, 'PAID')
            await queue.finish(ticket)
          } else if (step.kind === 'status' && ticket) await queue.status(ticket)
          else if (step.kind === 'use' && ticket) await queue.use(ticket)
          else if (step.kind === 'runOut' && ticket) await harness.expireAdmission(ticket.userId)
          else if (step.kind === 'silence') await harness.clearPresence()
          else if (step.kind === 'tick') await queue.tick()
          else if (step.kind === 'configure') {
            const { capacity, paused } = step
            const version = harness.store.settings.version + 1
            harness.store.settings = { capacity, paused, ratePerSecond: null, version }
            await queue.configure(concertId, harness.store.settings)
          } else if (step.kind === 'drop') post.drop += 1
          else if (step.kind === 'reconnect') post.lose()
          else if (step.kind === 'empty') await harness.clearRedis()
          else if (step.kind === 'recovered') await harness.setMeta({ recovering_until: 0 })
          else if (step.kind === 'breathe') await sleep(3)
        }

        // The next delta shows that earlier ones were lost.
        near.post.drop = far.post.drop = 0
        await queue.tick()
        const last = await queue.join(concertId, randomUUID())
        await queue.leave(last.ticket)
        for (const listener of listeners) {
          const { ticket, sent } = listener
          const agrees = async (): Promise<void> => {
            const asked = await queue.status(ticket)
            if (!listener.over) expect(essence(sent.at(-1))).toEqual(essence(asked))
          }
          await eventually(agrees)
        }
        await Promise.all(listeners.map((listener) => listener.stop()))
      },
    ),
    // Shrinking would take minutes: each failing run waits for its timeout.
    { numRuns: 150, endOnFailure: true },
  )
})

test('a ticket that leaves moves the positions behind it, without reads', async () => {
  const alone = createQueueHarness()
  await alone.joinNewUser()
  const tickets: QueueTicket[] = []
  for (let i = 0; i < 100; i++) tickets.push((await alone.joinNewUser()).ticket)
  const { post, follow } = createLaggingInstance(alone, alone)
  const listeners = tickets.filter((_, index) => index % 2 === 0).map(follow)
  await eventually(() => listeners.forEach(({ sent }) => expect(sent).toHaveLength(1)))
  const before = post.ticketsRead
  for (const [index, ticket] of tickets.entries()) if (index % 2 === 1) await alone.queue.leave(ticket)
  await eventually(() =>
    listeners.forEach(({ sent }, index) => expect(sent.at(-1)).toMatchObject({ position: index + 1 })),
  )
  expect(post.ticketsRead).toBe(before)
  await Promise.all(listeners.map((listener) => listener.stop()))
})

test('a ticket that returns moves the positions behind it, without reads', async () => {
  const alone = createQueueHarness()
  const [admitted, absent, next, behind] = [
    await alone.joinNewUser(),
    await alone.joinNewUser(),
    await alone.joinNewUser(),
    await alone.joinNewUser(),
  ]
  const { post, follow } = createLaggingInstance(alone, alone)
  const listener = follow(behind.ticket)
  await eventually(() => expect(listener.sent).toHaveLength(1))
  await alone.clearPresence()
  for (const { ticket } of [next, behind]) await alone.queue.status(ticket)
  await alone.queue.finish(admitted.ticket)
  await eventually(() => expect(listener.sent.at(-1)).toMatchObject({ position: 1 }))
  const before = post.ticketsRead
  expect(await alone.queue.status(absent.ticket)).toMatchObject({ position: 1 })
  await eventually(() => expect(listener.sent.at(-1)).toMatchObject({ position: 2 }))
  expect(post.ticketsRead).toBe(before)
  await listener.stop()
})

test('a queue that was lost and reopened is noticed without a lost connection', async () => {
  const alone = createQueueHarness()
  const [, first, second] = [await alone.joinNewUser(), await alone.joinNewUser(), await alone.joinNewUser()]
  const { follow } = createLaggingInstance(alone, alone)
  const listener = follow(second.ticket)
  await eventually(() => expect(listener.sent.at(-1)).toMatchObject({ position: 2 }))
  await alone.clearRedis()
  await alone.queue.leave(first.ticket)
  await eventually(async () => expect(await alone.members('waiting')).toEqual([second.ticket.userId]))
  await eventually(() => expect(listener.sent.at(-1)).toMatchObject({ position: 1 }))
  await listener.stop()
})
