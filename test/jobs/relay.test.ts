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

const { db, sql, clear, options, addServer, start, readStream } = await openJobHarness()
const { queue, pubsub } = options
beforeEach(clear)

/** A concert with a capacity of one, an admitted buyer, and a waiting one. */
async function arrange() {
  const concert = await createConcertFixture(db)
  const one = { capacity: 1, ratePerSecond: null, paused: undefined }
  await updateQueue(db, randomUUID(), concert.concertId, one)
  const join = async (): Promise<Buyer> => {
    const { ticket } = await queue.join(concert.concertId, randomUUID())
    return { ...concert, userId: ticket.userId, ticket }
  }
  const [buyer, next] = [await join(), await join()]
  await relayAll()
  return { buyer, next, concert }
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

test('a payment frees the slot, and the next ticket is admitted', async () => {
  const { buyer, next } = await arrange()
  const jobs = start(options)
  expect(await statusOf(next)).toBe('Waiting')
  await buy(buyer)
  jobs.wakeRelay()
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  expect(await statusOf(buyer)).toBe('Finished')
  await jobs.stop()
})

test('an event of a server that has died is delivered by the next poll of another', async () => {
  const { buyer, next } = await arrange()
  const jobs = start(addServer())
  await buy(buyer)
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  await jobs.stop()
})

test('a hold extends its owner’s admission until it ends', async () => {
  const { buyer } = await arrange()
  await holdSeats(db, holdArgs(buyer, [1], { holdMs: LONG_TIMES.turnMs }))
  await relayAll()
  const status = await queue.status(buyer.ticket)
  const leftMs = status.kind === 'Admitted' ? status.until.getTime() - Date.now() : 0
  expect(leftMs).toBeGreaterThan(LONG_TIMES.turnMs - 60_000)
})

test('every change of the seats is published to their subscribers', async () => {
  const { buyer, concert } = await arrange()
  const woken = vi.fn()
  const stop = await pubsub.subscribeSeats(concert.performanceId, woken)
  onTestFinished(stop)
  const id = await holdSeats(db, holdArgs(buyer, [1]))
  await relayAll()
  await eventually(() => expect(woken).toHaveBeenCalledTimes(1))
  await cancelReservation(db, cancelArgs(buyer, id))
  await relayAll()
  await eventually(() => expect(woken).toHaveBeenCalledTimes(2))
})

test('the event stream has the documented fields, in order', async () => {
  const { buyer } = await arrange()
  const before = (await readStream()).length
  const id = await buy(buyer)
  const written = await sql<
    { id: string; at: Date }[]
  >`select id::text, occurred_at as at from outbox order by id`
  await relayAll()
  const entries = (await readStream()).slice(before)
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

test('an operator’s changes reach the queue', async () => {
  const { next, concert } = await arrange()
  await updateQueue(db, randomUUID(), concert.concertId, {
    capacity: 2,
    ratePerSecond: undefined,
    paused: undefined,
  })
  await updateQueue(db, randomUUID(), concert.concertId, {
    capacity: undefined,
    ratePerSecond: undefined,
    paused: true,
  })
  await relayAll()
  const status = await queue.status(next.ticket)
  expect(status).toMatchObject({ kind: 'Waiting', paused: true })
  await updateQueue(db, randomUUID(), concert.concertId, {
    capacity: undefined,
    ratePerSecond: undefined,
    paused: false,
  })
  await relayAll()
  expect(await statusOf(next)).toBe('Admitted')
})

test('an event leased by a dead server is delivered after its lease, and a second delivery changes nothing', async () => {
  const { buyer, next } = await arrange()
  await buy(buyer)
  const [leased] = await sql`select id from lease_outbox('{}', 100, 60000)`
  await relayAll()
  expect(await statusOf(next)).toBe('Waiting')
  await passTime(sql, 60_000)
  await relayAll()
  expect(await statusOf(next)).toBe('Admitted')
  const [held] = (await readStream()).slice(-2)
  expect(held?.['id']).toBe(String(leased?.['id']))
  // The server was only slow, and delivers its leased event once more.
  await queue.finish(buyer.ticket)
  expect([await statusOf(buyer), await statusOf(next)]).toEqual(['Finished', 'Admitted'])
})

test('events are delivered after an outage of Redis', async () => {
  const { buyer, next } = await arrange()
  const proxy = await createRedisProxy()
  onTestFinished(() => proxy.close())
  const cutOff = addServer(proxy.url)
  proxy.cut()
  const id = await buy(buyer)
  await expect(createRelay(cutOff).run()).rejects.toThrow()
  expect(await sql`select from outbox where subject_id = ${id}`).toHaveLength(2)
  const jobs = start(cutOff)
  proxy.restore()
  await eventually(async () => expect(await statusOf(next)).toBe('Admitted'))
  await eventually(async () => expect(await sql`select from outbox`).toHaveLength(0))
  const types = (await readStream()).filter(({ data }) => data?.includes(id)).map(({ type }) => type)
  expect([...new Set(types)]).toEqual(['reservation.held', 'payment.completed'])
  await jobs.stop()
})

test('an event that cannot be delivered blocks only its own reservation', async () => {
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

test('a stopped relay has deleted the events that it delivered', async () => {
  const { buyer } = await arrange()
  await buy(buyer)
  const relay = createRelay(options)
  await relay.run()
  expect((await sql`select from outbox`).length).toBeGreaterThan(0)
  const events = (await readStream()).length
  await relay.acknowledge()
  await relayAll()
  // The payment has been delivered after the hold; the hold once.
  expect((await readStream()).length).toBe(events + 1)
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
  const types = (await readStream()).filter(({ data }) => data?.includes(id)).map(({ type }) => type)
  expect(types).toEqual(['reservation.held', 'reservation.cancelled'])
  expect(JSON.stringify(await readStream())).not.toContain('queue.left')
})
