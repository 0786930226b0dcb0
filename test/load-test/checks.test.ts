/** The judge of a rehearsal, shown sales that went wrong. */
import { expect, test } from 'vitest'
import { isPassed, checkSale, type Observations, type Findings } from '../../load-test/checks.ts'
import { newHistory, type BuyerHistory } from '../../load-test/history.ts'

const calm: Observations = { capacity: 2, admittedMax: 2, lostReservations: [], complete: true }
const clean: Findings = { oversold: [], overtaken: [], overshoot: 0, lost: [] }

/** Somebody who is let in at second `number` and pays for the seat of that number two seconds later. */
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

test('a good sale is found good', () => {
  expect(checkSale(sale(), calm)).toEqual(clean)
  expect(isPassed(clean)).toBe(true)
})

test('a seat that two people paid for', () => {
  const again = buyer(4, { owned: [{ seats: ['date/9', 'date/2'], from: 9_000, to: Infinity }] })
  const findings = checkSale(sale(again), calm)
  expect(findings).toEqual({ ...clean, oversold: ['date/2'] })
  expect(isPassed(findings)).toBe(false)
})

test('a seat that somebody holds while another buys it; not one that was given up before', () => {
  const holds = (from: number, to: number) =>
    buyer(4, { phase: 'gaveUp', owned: [{ seats: ['date/3'], from, to }] })
  expect(checkSale(sale(holds(3_500, 4_500)), calm).oversold).toEqual(['date/3'])
  expect(checkSale(sale(holds(3_500, 3_900)), calm).oversold).toEqual([])
})

test('somebody who is let in after those behind them', () => {
  const late = buyer(4, { turnEndsAt: 90_000 })
  expect(checkSale(sale(late, buyer(5), buyer(6)), calm).overtaken).toEqual(['number 4, by number 5'])
})

test('whoever was away for long may have been skipped', () => {
  const away = buyer(4, { turnEndsAt: 90_000, disconnectedMs: 31_000 })
  expect(checkSale(sale(away, buyer(5)), calm).overtaken).toEqual([])
})

test('more admitted than there is room for, as the queue says it', () => {
  expect(checkSale(sale(), { ...calm, admittedMax: 5 }).overshoot).toBe(3)
})

test('more admitted than there is room for, as the buyers see it', () => {
  const long = [
    buyer(1, { lastAdmittedAt: 9_000 }),
    buyer(2, { lastAdmittedAt: 9_000 }),
    buyer(3, { lastAdmittedAt: 9_000 }),
  ]
  expect(checkSale(long, calm).overshoot).toBe(1)
})

test('a payment that is gone', () => {
  expect(checkSale(sale(), { ...calm, lostReservations: ['one'] }).lost).toEqual(['the paid reservation one'])
})

test('who never got an answer; nobody when the sale was cut short', () => {
  const waiting = buyer(4, {
    phase: 'waiting',
    turnEndsAt: null,
    admittedAt: null,
    lastAdmittedAt: null,
    owned: [],
  })
  const failed = buyer(5, { phase: 'failed' })
  expect(checkSale(sale(waiting, failed), calm).lost).toHaveLength(2)
  expect(checkSale(sale(waiting, failed), { ...calm, complete: false }).lost).toEqual([])
})
