import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createQueueHarness, roundRobin } from '../support/queue-harness.ts'
import type { QueueHarness } from '../support/queue-harness.ts'
import { QueueModel } from './model.ts'

const USERS = Array.from({ length: 6 }, () => randomUUID())

interface Real {
  harness: QueueHarness
  /** Operations go through two instances in turn. */
  queue(): QueueHarness['queue']
}

/** A step that changes model and queue; both are compared after each. */
class Step implements fc.AsyncCommand<QueueModel, Real> {
  readonly name: string
  readonly act: (model: QueueModel, real: Real) => Promise<void>

  constructor(name: string, act: (model: QueueModel, real: Real) => Promise<void>) {
    this.name = name
    this.act = act
  }

  check(): boolean {
    return true
  }

  async run(model: QueueModel, real: Real): Promise<void> {
    await this.act(model, real)
    await model.compare(real.harness)
  }

  toString(): string {
    return this.name
  }
}

/** A step with one of the tickets ever issued, also an ended one. */
const withTicket = (
  name: string,
  act: (model: QueueModel, real: Real, ticket: QueueModel['tickets'][number]) => Promise<void>,
) =>
  fc.nat(30).map(
    (choice) =>
      new Step(`${name}(${choice})`, async (model, real) => {
        const ticket = model.tickets[choice % Math.max(1, model.tickets.length)]
        if (ticket) await act(model, real, ticket)
      }),
  )

const join = fc.nat(USERS.length - 1).map(
  (index) =>
    new Step(`join(${index})`, async (model, real) => {
      const userId = USERS[index] as string
      const { ticket, status } = await real.queue().join(real.harness.concertId, userId)
      const modelled = model.join(userId, ticket.number, ticket.concertId)
      expect(ticket.number).toBe(modelled.number)
      model.expectStatus(modelled, status)
    }),
)

const status = withTicket('status', async (model, real, ticket) => {
  const sent = await real.queue().status(ticket)
  model.read(ticket)
  model.expectStatus(ticket, sent)
})

const use = withTicket('use', async (model, real, ticket) => {
  const sent = await real.queue().use(ticket)
  if (ticket.state === 'admitted' && !ticket.ranOut) ticket.claimed = true
  model.read(ticket)
  model.expectStatus(ticket, sent)
})

const leave = withTicket('leave', async (model, real, ticket) => {
  const sent = await real.queue().leave(ticket)
  model.leave(ticket)
  model.expectStatus(ticket, sent)
})

const finish = withTicket('finish', async (model, real, ticket) => {
  await real.queue().finish(ticket)
  if (ticket.state === 'Finished') return
  ticket.state = 'Finished'
  model.admitNext()
})

const tick = fc.constant(
  new Step('tick', async (model, real) => {
    await real.queue().tick()
    model.admitNext()
  }),
)

const silence = fc.constant(
  new Step('silence', async (model, real) => {
    await real.harness.clearPresence()
    model.tickets.forEach((ticket) => (ticket.present = false))
  }),
)

const runOut = withTicket('runOut', async (_, real, ticket) => {
  if (ticket.state !== 'admitted') return
  await real.harness.expireAdmission(ticket.userId)
  ticket.ranOut = true
})

const configure = fc.record({ capacity: fc.integer({ min: 0, max: 4 }), paused: fc.boolean() }).map(
  (settings) =>
    new Step(
      `configure(${settings.capacity}, ${settings.paused ? 'paused' : 'running'})`,
      async (model, real) => {
        const version = (model.version += 1)
        await real.queue().configure(real.harness.concertId, { ...settings, ratePerSecond: null, version })
        real.harness.store.settings = { ...settings, ratePerSecond: null, version }
        Object.assign(model, settings)
        if (model.tickets.length > 0) model.admitNext()
      },
    ),
)

const steps = [
  { weight: 6, arbitrary: join },
  { weight: 3, arbitrary: status },
  { weight: 3, arbitrary: use },
  { weight: 2, arbitrary: leave },
  { weight: 2, arbitrary: finish },
  { weight: 2, arbitrary: tick },
  { weight: 2, arbitrary: silence },
  { weight: 2, arbitrary: runOut },
  { weight: 1, arbitrary: configure },
]

test('after any sequence of operations the queue is in the state of the model', async () => {
  const harness = createQueueHarness({ blockSize: 7 })
  const queue = roundRobin(harness.queue, harness.instance().queue)
  await fc.assert(
    fc.asyncProperty(
      fc.commands([fc.oneof(...steps)], { maxCommands: 60, size: 'max' }),
      async (commands) => {
        await harness.clearRedis()
        harness.store.reserved = 0
        harness.store.settings = { capacity: 1, ratePerSecond: null, paused: false, version: 1 }
        await fc.asyncModelRun(() => ({ model: new QueueModel(), real: { harness, queue } }), commands)
      },
    ),
    { numRuns: 150 },
  )
})
