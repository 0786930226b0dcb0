/** Whatever happens in whatever order, everybody who listens is told the place that Redis would tell them. */
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
  told: QueueStatus[]
  over: boolean
  stop(): Promise<unknown>
}

/** Subscribers of one instance, which gets its wake-ups and answers late, in any order to one another, or not at all. */
function createLaggingInstance(
  stage: QueueHarness,
  { commands, pubsub: pubsub }: Instance,
  delayMs: () => number = () => 0,
) {
  const { withRecovery: settled } = createRecovery(commands, stage.store)
  const post = { drop: 0, lose: (): void => undefined, ticketsRead: 0 }
  const late = async (): Promise<void> => {
    const ms = delayMs()
    if (ms > 0) await sleep(ms)
  }
  const watch = createTicketSubscriptions({
    // Nobody is read again for being present while a test runs.
    graceMs: LONG_TIMES.absenceGraceMs,
    read: async (concertId, tickets) => {
      post.ticketsRead += tickets.length
      await late()
      const settledAll = await settled(concertId, tickets, () => commands.status(concertId, tickets))
      await late()
      return settledAll
    },
    pubsub: {
      ...pubsub,
      subscribeQueue: (concertId, onDelta) => {
        let last = Promise.resolve()
        const deliver = (wake: QueueDelta | null): void => {
          last = last.then(late).then(() => onDelta(wake))
        }
        post.lose = () => deliver(null)
        return pubsub.subscribeQueue(concertId, (wake) => {
          if (post.drop > 0) post.drop -= 1
          else deliver(wake)
        })
      },
    },
  })
  const follow = (ticket: QueueTicket): Listener => {
    const stream = watch(ticket)
    const told: QueueStatus[] = []
    const listener: Listener = {
      ticket,
      told,
      over: false,
      stop: async () => {
        listener.over = true
        await stream.return?.()
      },
    }
    // Nothing is told after the end, whatever becomes of the ticket when Redis forgets.
    void (async () => {
      for await (const status of stream) {
        told.push(status)
        listener.over = isTerminal(status)
      }
    })()
    return listener
  }
  return { post, follow }
}

/** What the last thing that was told has to be. An estimate may lag behind: only what differs much is told. */
const essence = (status: QueueStatus | undefined): unknown =>
  status?.kind === 'Waiting' ? { ...status, estimatedWaitSeconds: 0 } : status

const stage = createQueueHarness({ blockSize: 40 })
const other = stage.instance()

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

test('a place that is told is the place that Redis has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 10, maxLength: 50, size: 'max' }),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }),
      async (operations, delays) => {
        let turn = 0
        const delayMs = (): number => delays[turn++ % delays.length] as number
        const near = createLaggingInstance(stage, stage, delayMs)
        const far = createLaggingInstance(stage, other, delayMs)
        const users = Array.from({ length: USERS }, () => randomUUID())
        const tickets: QueueTicket[] = []
        const listeners: Listener[] = []
        const anyOf = (index: number): QueueTicket | undefined => tickets[index % Math.max(1, tickets.length)]
        await stage.clearRedis()
        stage.store.settings = { capacity: 1, ratePerSecond: null, paused: false, version: 1 }
        const { queue, concertId } = stage

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
            stage.store.ended.set(ticket.number, 'PAID')
            await queue.finish(ticket)
          } else if (step.kind === 'status' && ticket) await queue.status(ticket)
          else if (step.kind === 'use' && ticket) await queue.use(ticket)
          else if (step.kind === 'runOut' && ticket) await stage.expireAdmission(ticket.userId)
          else if (step.kind === 'silence') await stage.clearPresence()
          else if (step.kind === 'tick') await queue.tick()
          else if (step.kind === 'configure') {
            const { capacity, paused } = step
            const version = stage.store.settings.version + 1
            stage.store.settings = { capacity, paused, ratePerSecond: null, version }
            await queue.configure(concertId, stage.store.settings)
          } else if (step.kind === 'drop') post.drop += 1
          else if (step.kind === 'reconnect') post.lose()
          else if (step.kind === 'empty') await stage.clearRedis()
          else if (step.kind === 'recovered') await stage.setMeta({ recovering_until: 0 })
          else if (step.kind === 'breathe') await sleep(3)
        }

        // Whatever was lost on the way: the next wake-up shows that something was.
        near.post.drop = far.post.drop = 0
        await queue.tick()
        const last = await queue.join(concertId, randomUUID())
        await queue.leave(last.ticket)
        for (const listener of listeners) {
          const { ticket, told } = listener
          const agrees = async (): Promise<void> => {
            const asked = await queue.status(ticket)
            if (!listener.over) expect(essence(told.at(-1))).toEqual(essence(asked))
          }
          await eventually(agrees)
        }
        await Promise.all(listeners.map((listener) => listener.stop()))
      },
    ),
    // Making a counterexample smaller would take minutes: each try waits for what does not come.
    { numRuns: 150, endOnFailure: true },
  )
})

test('changes in the middle of the line move those behind, and nobody is read for it', async () => {
  const alone = createQueueHarness()
  await alone.joinNewUser()
  const tickets: QueueTicket[] = []
  for (let i = 0; i < 100; i++) tickets.push((await alone.joinNewUser()).ticket)
  const { post, follow } = createLaggingInstance(alone, alone)
  const listeners = tickets.filter((_, index) => index % 2 === 0).map(follow)
  await eventually(() => listeners.forEach(({ told }) => expect(told).toHaveLength(1)))
  const before = post.ticketsRead
  for (const [index, ticket] of tickets.entries()) if (index % 2 === 1) await alone.queue.leave(ticket)
  await eventually(() =>
    listeners.forEach(({ told }, index) => expect(told.at(-1)).toMatchObject({ position: index + 1 })),
  )
  expect(post.ticketsRead).toBe(before)
  await Promise.all(listeners.map((listener) => listener.stop()))
})

test('who returns to the line moves those behind', async () => {
  const alone = createQueueHarness()
  const [admitted, absent, next, behind] = [
    await alone.joinNewUser(),
    await alone.joinNewUser(),
    await alone.joinNewUser(),
    await alone.joinNewUser(),
  ]
  const { post, follow } = createLaggingInstance(alone, alone)
  const listener = follow(behind.ticket)
  await eventually(() => expect(listener.told).toHaveLength(1))
  await alone.clearPresence()
  for (const { ticket } of [next, behind]) await alone.queue.status(ticket)
  await alone.queue.finish(admitted.ticket)
  await eventually(() => expect(listener.told.at(-1)).toMatchObject({ position: 1 }))
  const before = post.ticketsRead
  expect(await alone.queue.status(absent.ticket)).toMatchObject({ position: 1 })
  await eventually(() => expect(listener.told.at(-1)).toMatchObject({ position: 2 }))
  expect(post.ticketsRead).toBe(before)
  await listener.stop()
})

test('a line that begins anew is not taken for the one before, though nobody said that Redis had lost it', async () => {
  const alone = createQueueHarness()
  const [, first, second] = [await alone.joinNewUser(), await alone.joinNewUser(), await alone.joinNewUser()]
  const { follow } = createLaggingInstance(alone, alone)
  const listener = follow(second.ticket)
  await eventually(() => expect(listener.told.at(-1)).toMatchObject({ position: 2 }))
  await alone.clearRedis()
  await alone.queue.leave(first.ticket)
  await eventually(async () => expect(await alone.members('waiting')).toEqual([second.ticket.userId]))
  await eventually(() => expect(listener.told.at(-1)).toMatchObject({ position: 1 }))
  await listener.stop()
})
