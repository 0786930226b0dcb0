import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadTakenSeats } from '../../src/db/catalog.ts'
import { chargePoints, loadAccounts } from '../../src/db/points.ts'
import { leaveQueue } from '../../src/db/queue.ts'
import { expireReservations, loadReservations } from '../../src/db/reservations.ts'
import { expectInvariants } from '../support/invariants.ts'
import { openTestDb } from '../support/test-db.ts'
import {
  cancelArgs,
  chargeArgs,
  holdArgs,
  resultOf,
  paymentArgs,
  createBuyers,
  createConcertFixture,
  HOLD_MS,
  passTime,
  outcomeOf,
  isSpent,
  cancelReservation,
  holdSeats,
  payReservation,
} from '../support/fixtures.ts'
import type { Buyer } from '../support/fixtures.ts'
import { StoreModel, PRICE, SEAT_LIMIT, TURN_MS } from './model.ts'

const USERS = 3
const SEATS = 5
const { db, sql, clear } = await openTestDb()

interface Real {
  buyers: Buyer[]
  /** Every call with its answer. */
  calls: { call: () => Promise<unknown>; answer: unknown }[]
}

/** Applies an operation to the model and to the database, and compares the two. */
class Step implements fc.AsyncCommand<StoreModel, Real> {
  readonly name: string
  readonly act: (model: StoreModel, real: Real) => Promise<unknown>

  constructor(name: string, act: (model: StoreModel, real: Real) => Promise<unknown>) {
    this.name = name
    this.act = act
  }

  check = () => true
  toString = () => this.name

  async run(model: StoreModel, real: Real): Promise<void> {
    await this.act(model, real)
    await compare(model, real)
  }
}

async function compare(model: StoreModel, { buyers }: Real): Promise<void> {
  const { performanceId } = buyers[0] as Buyer
  const taken = (await loadTakenSeats(db, [performanceId])).map(({ number, status }) => ({ number, status }))
  expect(taken.sort((a, b) => a.number - b.number)).toEqual(model.taken())

  const ids = model.reservations.map(({ id }) => id)
  const statuses = new Map((await loadReservations(db, ids)).map(({ id, status }) => [id, status]))
  expect(ids.map((id) => statuses.get(id))).toEqual(model.reservations.map((each) => model.statusOf(each)))
  const rows = await sql<{ status: string }[]>`select status from reservations order by id`
  expect(rows.map(({ status }) => status)).toEqual(model.reservations.map(({ status }) => status))

  const users = buyers.map(({ userId }) => userId)
  const balances = new Map((await loadAccounts(db, users)).map(({ userId, balance }) => [userId, balance]))
  expect(users.map((id) => balances.get(id) ?? 0)).toEqual(model.balances)
}

/** Calls, remembers the call, and expects what the model expects. */
async function expectOutcome(real: Real, expected: string, call: () => Promise<unknown>): Promise<unknown> {
  const answer = await resultOf(call())
  expect(outcomeOf(answer)).toBe(expected)
  // These refusals leave the key unused, so there is nothing to repeat.
  if (expected !== 'NOT_ADMITTED') real.calls.push({ call, answer })
  return answer
}

const user = fc.nat(USERS - 1)
const which = fc.nat(20)
const buyerOf = ({ buyers }: Real, index: number) => buyers[index] as Buyer

const hold = fc
  .tuple(user, fc.uniqueArray(fc.integer({ min: 1, max: SEATS }), { minLength: 1, maxLength: 3 }))
  .map(
    ([index, seats]) =>
      new Step(`hold(${index}, [${seats.join()}])`, async (model, real) => {
        const buyer = buyerOf(real, index)
        const ticket = { ...buyer.ticket, number: model.tickets[index] ?? 0 }
        const wanted = holdArgs(buyer, seats, { ticket, seatLimit: SEAT_LIMIT, turnMs: TURN_MS })
        const answer = await expectOutcome(real, model.hold(index, seats), () => holdSeats(db, wanted))
        const made = model.reservations.at(-1)
        if (made?.id === '') made.id = answer as string
      }),
  )

/** An operation of some user, not always the owner, on one of the reservations. */
const withReservation = (name: 'pay' | 'cancel', run: (buyer: Buyer, id: string) => () => Promise<unknown>) =>
  fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: user }), which).map(
    ([stranger, choice]) =>
      new Step(`${name}(${stranger ?? 'owner'}, ${choice})`, async (model, real) => {
        const reservation = model.reservations[choice % Math.max(1, model.reservations.length)]
        if (!reservation) return
        const index = stranger ?? reservation.user
        await expectOutcome(real, model[name](index, reservation), run(buyerOf(real, index), reservation.id))
      }),
  )

const pay = withReservation('pay', (buyer, id) => {
  const payment = paymentArgs(buyer, id)
  return () => payReservation(db, payment)
})
const cancel = withReservation('cancel', (buyer, id) => {
  const wanted = cancelArgs(buyer, id)
  return () => cancelReservation(db, wanted)
})

const charge = fc.tuple(user, fc.integer({ min: 1, max: 4 * PRICE })).map(
  ([index, amount]) =>
    new Step(`charge(${index}, ${amount})`, (model, real) => {
      const wanted = chargeArgs(buyerOf(real, index), amount)
      return expectOutcome(real, model.charge(index, amount), () => chargePoints(db, wanted))
    }),
)

const pass = fc.constantFrom(HOLD_MS / 3, HOLD_MS).map(
  (ms) =>
    new Step(`pass(${ms})`, async (model) => {
      await passTime(sql, ms)
      model.now += ms
    }),
)

// No limit: holds that end with the same turn have no order.
const expire = fc.constant(
  new Step('sweep', async (model) => expect(await expireReservations(db, 100)).toBe(model.expire())),
)

const repeat = which.map(
  (choice) =>
    new Step(`repeat(${choice})`, async (_, { calls }) => {
      const past = calls[choice % Math.max(1, calls.length)]
      if (past) expect(await resultOf(past.call())).toEqual(past.answer)
    }),
)

const leave = user.map(
  (index) =>
    new Step(`leave(${index})`, async (model, real) => {
      const ticket = { ...buyerOf(real, index).ticket, number: model.tickets[index] ?? 0 }
      expect(await leaveQueue(db, ticket)).toBe(model.leave(index))
    }),
)

const rejoin = user.map(
  (index) =>
    new Step(`rejoin(${index})`, async (model, real) => {
      const number = model.tickets[index] ?? 0
      const spent = model.spent.has(`${index} ${number}`)
      expect(await isSpent(db, { ...buyerOf(real, index).ticket, number })).toBe(spent)
      const over = model.turnEnd(index) <= model.now
      if (spent || over || model.left.has(`${index} ${number}`)) model.tickets[index] = number + 1
    }),
)

const steps = [
  { weight: 6, arbitrary: hold },
  { weight: 5, arbitrary: pay },
  { weight: 2, arbitrary: cancel },
  { weight: 3, arbitrary: charge },
  { weight: 2, arbitrary: pass },
  { weight: 1, arbitrary: expire },
  { weight: 2, arbitrary: repeat },
  { weight: 1, arbitrary: leave },
  { weight: 2, arbitrary: rejoin },
]

test('after any sequence of operations the database agrees with the model', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.commands([fc.oneof(...steps)], { maxCommands: 50, size: 'max' }),
      async (commands) => {
        await clear()
        const concert = await createConcertFixture(db, { seatCount: SEATS, seatPrice: PRICE })
        const real: Real = { buyers: createBuyers(concert, USERS), calls: [] }
        real.buyers.forEach(({ ticket }) => (ticket.number = 1))
        await fc.asyncModelRun(() => ({ model: new StoreModel(USERS), real }), commands)
        await expectInvariants(sql)
      },
    ),
    { numRuns: 60 },
  )
})
