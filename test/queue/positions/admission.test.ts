/** The delta that admits a ticket carries what its subscriber is sent, so that the ticket is not read. */
import { expect, test } from 'vitest'
import type { QueueStatus, QueueTicket, StatusQuery } from '../../../src/domain/queue.ts'
import { createTicketSubscriptions } from '../../../src/queue/positions/subscribe.ts'
import { isBlocked } from '../../../src/queue/replies.ts'
import type { QueueDelta } from '../../../src/redis/pubsub.ts'
import { eventually } from '../../support/eventually.ts'
import { createQueueHarness, type QueueHarness } from '../../support/queue-harness.ts'

/** Subscribes to tickets, and records what is sent and which tickets are read. */
function createRecorder(harness: QueueHarness) {
  const ticketsRead: number[] = []
  let conditionReads = 0
  const deltas: QueueDelta[] = []
  const subscribe = createTicketSubscriptions({
    // So long that no ticket is read for its presence, or polled, during a test.
    graceMs: 4 * 3_600_000,
    pollMsMax: 3_600_000,
    read: async (concertId, tickets: readonly StatusQuery[]) => {
      ticketsRead.push(...tickets.map(({ number }) => number))
      if (tickets.length === 0) conditionReads += 1
      const report = await harness.commands.status(concertId, tickets)
      if (isBlocked(report)) throw new Error(report)
      return { ...report, statuses: report.rawStatuses as QueueStatus[] }
    },
    pubsub: {
      ...harness.pubsub,
      subscribeQueue: (concertId, onDelta) =>
        harness.pubsub.subscribeQueue(concertId, (delta) => {
          if (delta) deltas.push(delta)
          onDelta(delta)
        }),
    },
  })
  const follow = (ticket: QueueTicket) => {
    const stream = subscribe(ticket)
    const sent: QueueStatus[] = []
    void (async () => {
      for await (const status of stream) sent.push(status)
    })()
    return { ticket, sent, stop: () => stream.return?.() }
  }
  return { ticketsRead, conditionReads: () => conditionReads, deltas, follow }
}

test('an admission is sent without reading the ticket, and says what a read says', async () => {
  const harness = createQueueHarness()
  const { queue } = harness
  const { ticket: first } = await harness.joinNewUser()
  const tickets: QueueTicket[] = []
  for (let i = 0; i < 20; i++) tickets.push((await harness.joinNewUser()).ticket)
  const { ticketsRead, conditionReads, follow } = createRecorder(harness)
  // Reads of the queue's conditions are by time, at most one a second.
  const commands = (): number => harness.calls() - conditionReads()
  const followers = tickets.map(follow)
  await eventually(() => followers.forEach(({ sent }) => expect(sent).toHaveLength(1)))
  // One read each, when they subscribed.
  expect(ticketsRead).toHaveLength(tickets.length)

  let previous = first
  for (const { ticket, sent } of followers) {
    const before = commands()
    await queue.finish(previous)
    await eventually(() => expect(sent.at(-1)).toMatchObject({ kind: 'Admitted' }))
    // The finish itself, and at the most the read of the ticket that has finished.
    expect(commands() - before).toBeLessThanOrEqual(2)
    expect(await queue.status(ticket)).toEqual(sent.at(-1))
    previous = ticket
  }
  // Only those that have finished were read once more.
  await eventually(() => expect(ticketsRead).toHaveLength(2 * tickets.length - 1))
  const admitted = followers.at(-1)?.ticket.number
  expect(ticketsRead.filter((number) => number === admitted)).toHaveLength(1)
  for (const { stop } of followers) await stop()
})

test('a use and a hold move the end of an admission without reading the ticket', async () => {
  const harness = createQueueHarness()
  const { ticket } = await harness.joinNewUser()
  const { ticketsRead, follow } = createRecorder(harness)
  const { sent, stop } = follow(ticket)
  await eventually(() => expect(sent).toMatchObject([{ kind: 'Admitted' }]))
  const used = await harness.queue.use(ticket)
  await eventually(() => expect(sent.at(-1)).toEqual(used))
  await harness.queue.extend(ticket, new Date(Date.now() + 700_000))
  const extended = await harness.queue.status(ticket)
  expect(extended).not.toEqual(used)
  await eventually(() => expect(sent.at(-1)).toEqual(extended))
  expect(ticketsRead).toEqual([ticket.number])
  await stop()
})

test('a thousand admissions at once are one delta, and no ticket is read', async () => {
  const harness = createQueueHarness({ settings: { capacity: 0 }, blockSize: 2_000 })
  const joined = await Promise.all(Array.from({ length: 1_000 }, () => harness.joinNewUser()))
  const { ticketsRead, deltas, follow } = createRecorder(harness)
  const followers = joined.map(({ ticket }) => follow(ticket))
  await eventually(() => followers.forEach(({ sent }) => expect(sent).toHaveLength(1)))
  const { concertId, queue, store } = harness
  await queue.configure(concertId, { ...store.settings, capacity: 1_000, version: 2 })
  await eventually(() => followers.forEach(({ sent }) => expect(sent.at(-1)?.kind).toBe('Admitted')))
  expect(deltas.map(({ admitted }) => admitted.length)).toEqual([1_000])
  expect(ticketsRead).toHaveLength(1_000)
  for (const { stop } of followers) await stop()
})
