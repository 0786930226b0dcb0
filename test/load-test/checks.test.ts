/** The checks of a load test, on sales that went wrong. */
import { expect, test } from 'vitest'
import { isPassed, checkSale, type Observations, type Findings } from '../../load-test/checks.ts'
import { newHistory, type BuyerHistory } from '../../load-test/history.ts'

const observed: Observations = { capacity: 2, admittedMax: 2, lostReservations: [], complete: true }
const none: Findings = { oversold: [], overtaken: [], overshoot: 0, lost: [] }

/** A buyer who is admitted at second `number` and pays for the seat of that number two seconds later. */
function buyer(number: number, more: Partial<BuyerHistory> = {}): BuyerHistory {
  const at = number * 1_000
  return {
    ...newHistory(),
    phase: 'paid',
    number,
    joinedAt: 0,
    admittedAt: at,
    turnEndsAt: at + 60_000,
    lastAdmittedAt: at + 1_500,
    endedAt: at + 2_000,
    owned: [{ seats: [`date/${number}`], from: at + 1_000, to: Infinity }],
    ...more,
  }
}
const sale = (...changed: BuyerHistory[]): BuyerHistory[] => [buyer(1), buyer(2), buyer(3), ...changed]

test('a correct sale has no findings', () => {
  expect(checkSale(sale(), observed)).toEqual(none)
  expect(isPassed(none)).toBe(true)
})

test('a seat that two buyers paid for is oversold', () => {
  const again = buyer(4, { owned: [{ seats: ['date/9', 'date/2'], from: 9_000, to: Infinity }] })
  const findings = checkSale(sale(again), observed)
  expect(findings).toEqual({ ...none, oversold: ['date/2'] })
  expect(isPassed(findings)).toBe(false)
})

test('a seat that is held while another buyer pays for it is oversold; a hold that was cancelled before is no finding', () => {
  const holds = (from: number, to: number) =>
    buyer(4, { phase: 'gaveUp', owned: [{ seats: ['date/3'], from, to }] })
  expect(checkSale(sale(holds(3_500, 4_500)), observed).oversold).toEqual(['date/3'])
  expect(checkSale(sale(holds(3_500, 3_900)), observed).oversold).toEqual([])
})

test('a buyer who is admitted after higher numbers is overtaken', () => {
  const late = buyer(4, { turnEndsAt: 90_000 })
  expect(checkSale(sale(late, buyer(5), buyer(6)), observed).overtaken).toEqual(['number 4, by number 5'])
})

test('a buyer who was disconnected for long may have been skipped', () => {
  const away = buyer(4, { turnEndsAt: 90_000, disconnectedMs: 31_000 })
  expect(checkSale(sale(away, buyer(5)), observed).overtaken).toEqual([])
})

test('overshoot by the counts of the queue', () => {
  expect(checkSale(sale(), { ...observed, admittedMax: 5 }).overshoot).toBe(3)
})

test('overshoot by what the buyers observed', () => {
  const long = [
    buyer(1, { lastAdmittedAt: 9_000 }),
    buyer(2, { lastAdmittedAt: 9_000 }),
    buyer(3, { lastAdmittedAt: 9_000 }),
  ]
  expect(checkSale(long, observed).overshoot).toBe(1)
})

test('a payment that is gone is lost', () => {
  expect(checkSale(sale(), { ...observed, lostReservations: ['one'] }).lost).toEqual([
    'the paid reservation one',
  ])
})

test('buyers without an outcome are lost, unless the sale was interrupted', () => {
  const waiting = buyer(4, {
    phase: 'waiting',
    turnEndsAt: null,
    admittedAt: null,
    lastAdmittedAt: null,
    owned: [],
  })
  const failed = buyer(5, { phase: 'failed' })
  expect(checkSale(sale(waiting, failed), observed).lost).toHaveLength(2)
  expect(checkSale(sale(waiting, failed), { ...observed, complete: false }).lost).toEqual([])
})
