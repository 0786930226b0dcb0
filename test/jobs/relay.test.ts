import { randomUUID } from 'node:crypto'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { chargePoints } from '../../src/db/points.ts'
import { leaveQueue, updateQueue } from '../../src/db/queue.ts'
import { createRelay } from '../../src/jobs/relay.ts'
import { createRedisProxy, LONG_TIMES } from '../support/queue-harness.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  paymentArgs,
  createConcertFixture,
  passTime,
  type Buyer,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'
import { openJobHarness } from '../support/job-harness.ts'
import { eventually } from '../support/eventually.ts'

const { db, sql, clear, options, addServer: another, start, readStream: stream } = await openJobHarness()
const { queue, pubsub: pubsub } = options
beforeEach(clear)

/** A concert that lets one in at a time, somebody who is in, and somebody who waits. */
async function arrange() {
  const show = await createConcertFixture(db)
  const one = { capacity: 1, ratePerSecond: null, paused: undefined }
  await updateQueue(db, randomUUID(), show.concertId, one)
  const join = async (): Promise<Buyer> => {
    const { ticket } = await queue.join(show.concertId, randomUUID())
    return { ...show, userId: ticket.userId, ticket }
  }
  const [buyer, next] = [await join(), await join()]
  await relayAll()
  return { buyer, next, show }
}

async function relayAll(by = options): Promise<void> {
  const relay = createRelay(by)
  while (await relay.run());
}

async function buy(buyer: Buyer): Promise<string> {
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await chargePoints(db, chargeArgs(buyer, 200))
  await payReservation(db, paymentArgs(buyer, id))
  return id
}

const statusOf = async ({ ticket }: Buyer) => (await queue.status(ticket)).kind

test('a payment frees the slot, and the next one is in within a second', async () => {
  const { buyer, next } = await arrange()
  const jobs = start(options)
  expect(await statusOf(next)).toBe('Waiting')
  await buy(buyer)
  jobs.wakeRelay()
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  expect(await statusOf(buyer)).toBe('Finished')
  await jobs.stop()
})

test('nobody has to wake it: an event of a server that is gone goes out with the next round', async () => {
  const { buyer, next } = await arrange()
  const jobs = start(another())
  await buy(buyer)
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  await jobs.stop()
})

test('a hold keeps its owner in for as long as it lasts', async () => {
  const { buyer } = await arrange()
  await holdSeats(db, holdArgs(buyer, [1], { holdMs: LONG_TIMES.turnMs }))
  await relayAll()
  const status = await queue.status(buyer.ticket)
  const leftMs = status.kind === 'Admitted' ? status.until.getTime() - Date.now() : 0
  expect(leftMs).toBeGreaterThan(LONG_TIMES.turnMs - 60_000)
})

test('whoever watches the seats is woken by every change of them', async () => {
  const { buyer, show } = await arrange()
  const woken = vi.fn()
  const stop = await pubsub.subscribeSeats(show.performanceId, woken)
  onTestFinished(stop)
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await relayAll()
  await eventually(() => expect(woken).toHaveBeenCalledTimes(1))
  await cancelReservation(db, cancelArgs(buyer, id))
  await relayAll()
  await eventually(() => expect(woken).toHaveBeenCalledTimes(2))
})

test('other services read of it in order, with the fields that are documented', async () => {
  const { buyer } = await arrange()
  const before = (await stream()).length
  const id = await buy(buyer)
  const written = await sql<
    { id: string; at: Date }[]
  >`select id::text, occurred_at as at from outbox order by id`
  await relayAll()
  const entries = (await stream()).slice(before)
  expect(entries.map(({ data: _, ...fields }) => fields)).toEqual(
    ['reservation.held', 'payment.completed'].map((type, index) => ({
      id: written[index]?.id,
      type,
      version: '1',
      occurredAt: written[index]?.at.toISOString(),
    })),
  )
  expect(entries.map(({ data }) => JSON.parse(data ?? '') as unknown)).toMatchObject([
    { reservationId: id, userId: buyer.userId, seatNumbers: [1, 2], price: 200, ticketNumber: 1 },
    { reservationId: id, spendsTicket: true, concertId: buyer.concertId, performanceId: buyer.performanceId },
  ])
  expect(await sql`select from outbox`).toHaveLength(0)
})

test('a change of an operator reaches the queue, and an older one that comes late does not undo it', async () => {
  const { next, show } = await arrange()
  await updateQueue(db, randomUUID(), show.concertId, {
    capacity: 2,
    ratePerSecond: undefined,
    paused: undefined,
  })
  await updateQueue(db, randomUUID(), show.concertId, {
    capacity: undefined,
    ratePerSecond: undefined,
    paused: true,
  })
  await relayAll()
  const status = await queue.status(next.ticket)
  expect(status).toMatchObject({ kind: 'Waiting', paused: true })
  await updateQueue(db, randomUUID(), show.concertId, {
    capacity: undefined,
    ratePerSecond: undefined,
    paused: false,
  })
  await relayAll()
  expect(await statusOf(next)).toBe('Admitted')
})

test('what a dead server had leased is delivered when its lease has run out, and twice does no harm', async () => {
  const { buyer, next } = await arrange()
  await buy(buyer)
  const [leased] = await sql`select id from lease_outbox('{}', 100, 60000)`
  await relayAll()
  expect(await statusOf(next)).toBe('Waiting')
  await passTime(sql, 60_000)
  await relayAll()
  expect(await statusOf(next)).toBe('Admitted')
  const [held] = (await stream()).slice(-2)
  expect(held?.['id']).toBe(String(leased?.['id']))
  // The server was not dead after all, only slow, and delivers what it had leased once more.
  await queue.finish(buyer.ticket)
  expect([await statusOf(buyer), await statusOf(next)]).toEqual(['Finished', 'Admitted'])
})

test('what happens while Redis is away is delivered when it is back', async () => {
  const { buyer, next } = await arrange()
  const way = await createRedisProxy()
  onTestFinished(() => way.close())
  const cutOff = another(way.url)
  way.cut()
  const id = await buy(buyer)
  await expect(createRelay(cutOff).run()).rejects.toThrow()
  expect(await sql`select from outbox where subject_id = ${id}`).toHaveLength(2)
  const jobs = start(cutOff)
  way.restore()
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  await eventually(async () => expect(await sql`select from outbox`).toHaveLength(0))
  const types = (await stream()).filter(({ data }) => data?.includes(id)).map(({ type }) => type)
  expect([...new Set(types)]).toEqual(['reservation.held', 'payment.completed'])
  await jobs.stop()
})

test('an event that cannot be delivered holds up its own reservation, and nothing else', async () => {
  const { buyer, next } = await arrange()
  await sql`insert into outbox (type, subject_id, data, occurred_at)
    values ('payment.completed', ${randomUUID()}, '{"spendsTicket": true, "concertId": 1}', now())`
  await buy(buyer)
  const relay = createRelay(options)
  await eventually(async () => {
    await relay.run().catch(() => undefined)
    expect(await statusOf(next)).toBe('Admitted')
  })
  await relay.acknowledge()
  expect(await sql`select from outbox`).toHaveLength(1)
})

test('a relay that is stopped leaves nothing behind that it has delivered', async () => {
  const { buyer } = await arrange()
  await buy(buyer)
  const relay = createRelay(options)
  await relay.run()
  expect((await sql`select from outbox`).length).toBeGreaterThan(0)
  const events = (await stream()).length
  await relay.acknowledge()
  await relayAll()
  // The payment came behind the hold, and has been delivered by now; the hold came once.
  expect((await stream()).length).toBe(events + 1)
  expect(await sql`select from outbox`).toHaveLength(0)
})

test('a ticket leaves the queue even if its server dies right after the commit', async () => {
  const { buyer, next } = await arrange()
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await leaveQueue(db, buyer.ticket)
  expect(await statusOf(next)).toBe('Waiting')
  await relayAll()
  expect(await statusOf(next)).toBe('Admitted')
  expect(await queue.status(buyer.ticket)).toEqual({ kind: 'Lapsed', reason: 'LEFT' })
  const types = (await stream()).filter(({ data }) => data?.includes(id)).map(({ type }) => type)
  expect(types).toEqual(['reservation.held', 'reservation.cancelled'])
  expect(JSON.stringify(await stream())).not.toContain('queue.left')
})
