import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letHoldLapse, stopSweeper } from '../support/arrange.ts'
import { charge, createSale, hold, join, pay, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { cancel, errorCodeOf, seatSubscription, type Seat } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await stopSweeper(server.database)
})
afterAll(() => server.stop())

const seatsQuery = `query ($id: ID!) { performance(id: $id) {
  startsAt seatCount availableSeatCount
  free: seats { number price status }
  held: seats(status: HELD) { number }
  sold: seats(status: SOLD) { number }
  all: seats(status: null) { number status }
} }`
interface Seats {
  availableSeatCount: number
  free: (Seat & { price: number })[]
  held: Seat[]
  sold: Seat[]
  all: Seat[]
}
const numbers = (seats: Seat[]): number[] => seats.map(({ number }) => number)

/** Somebody who is in. */
async function admitted({ concertId }: Sale): Promise<{ user: TestUser; token: string }> {
  const user = await server.user()
  return { user, token: (await join(user, concertId)).token }
}

const seatsOf = async (user: TestUser, queueToken: string, id: string): Promise<Seats> =>
  (await user.request<{ performance: Seats }>(seatsQuery, { id }, { queueToken })).performance

describe('the seats of a date', () => {
  test('are the free ones, unless another status is asked for, or none', async () => {
    const sale = await createSale(server, { seatCount: 5, seatPrice: 30 })
    const [date = ''] = sale.performanceIds
    const { user, token } = await admitted(sale)
    const paid = await hold(user, token, date, [4])
    await hold(user, token, date, [2])
    await charge(user, 30)
    await pay(user, token, paid.id)

    const seats = await seatsOf(user, token, date)
    expect(seats.free).toEqual([1, 3, 5].map((number) => ({ number, price: 30, status: 'AVAILABLE' })))
    expect([numbers(seats.held), numbers(seats.sold)]).toEqual([[2], [4]])
    expect(seats.all.map(({ status }) => status)).toEqual([
      'AVAILABLE',
      'HELD',
      'AVAILABLE',
      'SOLD',
      'AVAILABLE',
    ])
    expect(seats.availableSeatCount).toBe(3)
  })

  test('show a lapsed hold as free though nobody has tidied it up, and it can be held again', async () => {
    const sale = await createSale(server, { seatCount: 3 })
    const [date = ''] = sale.performanceIds
    const [late, next] = [await admitted(sale), await admitted(sale)]
    const held = await hold(late.user, late.token, date, [1, 2])
    await letHoldLapse(server.database, held.id)

    const seats = await seatsOf(next.user, next.token, date)
    expect([numbers(seats.free), seats.held, seats.availableSeatCount]).toEqual([[1, 2, 3], [], 3])
    const [row] = await server.database.sql`select count(*)::int from reservations where status = 'HELD'
      and held_until < now()`
    expect(row?.count).toBe(1)
    expect((await hold(next.user, next.token, date, [2, 3])).__typename).toBe('HoldSeatsPayload')
    expect((await pay(late.user, late.token, held.id)).__typename).toBe('HoldExpired')
  })
})

interface Changes {
  seatChanges: { performance: { id: string; availableSeatCount: number }; snapshot: boolean; seats: Seat[] }
}

describe.each(['ws', 'sse'] as const)('seatChanges over %s', (transport) => {
  test('is a snapshot, then what changed; it ends with the ticket', async () => {
    const sale = await createSale(server, { seatCount: 4, seatPrice: 10 })
    const [date = ''] = sale.performanceIds
    const [watcher, buyer] = [await admitted(sale), await admitted(sale)]
    const stream = watcher.user.subscribe<Changes>(
      transport,
      seatSubscription,
      { id: date },
      { queueToken: watcher.token },
    )
    const next = async () => (await stream.next())?.seatChanges

    const snapshot = await next()
    expect(snapshot).toMatchObject({ performance: { id: date, availableSeatCount: 4 }, snapshot: true })
    expect(snapshot?.seats.map(({ number, status }) => [number, status])).toEqual(
      [1, 2, 3, 4].map((number) => [number, 'AVAILABLE']),
    )
    const held = await hold(buyer.user, buyer.token, date, [2, 3])
    expect(await next()).toEqual({
      performance: { id: date, availableSeatCount: 2 },
      snapshot: false,
      seats: [2, 3].map((number) => ({ number, price: 10, status: 'HELD' })),
    })
    await cancel(buyer.user, held.id)
    expect((await next())?.seats.map(({ status }) => status)).toEqual(['AVAILABLE', 'AVAILABLE'])

    // The watcher buys: the ticket is spent, and with it goes the view.
    const own = await hold(watcher.user, watcher.token, date, [1])
    await charge(watcher.user, 10)
    expect((await pay(watcher.user, watcher.token, own.id)).__typename).toBe('PayReservationPayload')
    for (let last = await next(); last; last = await next()) expect(numbers(last.seats)).toEqual([1])
    await stream.stop()
  })

  test('needs an admitted ticket for this concert', async () => {
    const sale = await createSale(server, { capacity: 1 })
    const [date = ''] = sale.performanceIds
    await admitted(sale)
    const waiting = await admitted(sale)
    const open = (credentials: object) =>
      waiting.user.subscribe(transport, seatSubscription, { id: date }, credentials).next()
    await expect(open({ queueToken: waiting.token })).rejects.toThrow('NOT_ADMITTED')
    await expect(open({})).rejects.toThrow('QUEUE_TICKET_INVALID')
    await expect(open({ accessToken: undefined })).rejects.toThrow('UNAUTHENTICATED')
    const refused = await waiting.user.send(seatSubscription, { id: date }, { queueToken: waiting.token })
    expect(errorCodeOf(refused)).toBe('NOT_ADMITTED')
  })
})
