import { expect, test } from 'vitest'
import { departuresPerSecond, forecast, type QueueStats } from '../../src/domain/stats.ts'

const at = (seconds: number, admittedTotal: number, admitted: number): QueueStats => ({
  at: new Date(seconds * 1000),
  issued: 0,
  waiting: 0,
  admitted,
  finished: 0,
  lapsed: 0,
  admittedTotal,
  admissionsPerSecond: 0,
})
const open = { capacity: 100, ratePerSecond: null, paused: false }
const full = { waiting: 8_000, admitted: 100 }

test('departures are admissions that are no longer admitted, per second', () => {
  expect(departuresPerSecond([at(0, 0, 0), at(30, 100, 100), at(60, 200, 100)], at(80, 250, 100))).toBe(3)
  // The first hundred use the whole capacity, and none has departed.
  expect(departuresPerSecond([at(0, 0, 0)], at(20, 100, 100))).toBe(0)
})

test('departures are unknown for a short history, and after the counts started again', () => {
  expect(departuresPerSecond([], at(0, 10, 1))).toBeNull()
  expect(departuresPerSecond([at(95, 10, 1)], at(100, 20, 1))).toBeNull()
  expect(departuresPerSecond([at(10, 10, 1)], at(100, 20, 1))).toBeNull()
  expect(departuresPerSecond([at(60, 500, 1)], at(100, 20, 1))).toBeNull()
})

test('the last of 8,000 waiting is admitted when 8,000 slots have become free', () => {
  expect(forecast(full, 2, open)).toEqual({ waiting: 8_000, admissionsPerSecond: 2, seconds: 4_000 })
})

test('twice the capacity admits nearly twice as fast, half of it half as fast', () => {
  expect(forecast(full, 2, { ...open, capacity: 200 })).toMatchObject({
    admissionsPerSecond: 4,
    seconds: 1_975,
  })
  expect(forecast(full, 2, { ...open, capacity: 50 })).toMatchObject({
    admissionsPerSecond: 1,
    seconds: 8_050,
  })
})

test('the rate limits admissions, also while there are enough slots for all', () => {
  expect(forecast(full, 2, { ...open, ratePerSecond: 1 })).toMatchObject({
    admissionsPerSecond: 1,
    seconds: 8_000,
  })
  expect(forecast(full, null, { ...open, capacity: 10_000, ratePerSecond: 40 }).seconds).toBe(200)
  expect(forecast(full, null, { ...open, capacity: 10_000 }).seconds).toBe(0)
})

test('the forecast is never while paused or without capacity, and unknown without departures', () => {
  const never = { waiting: 8_000, admissionsPerSecond: 0, seconds: null }
  expect(forecast(full, 2, { ...open, paused: true })).toEqual(never)
  expect(forecast(full, 2, { ...open, capacity: 0 })).toEqual(never)
  expect(forecast(full, null, open).seconds).toBeNull()
  expect(forecast(full, 0, open).seconds).toBeNull()
  expect(forecast({ waiting: 0, admitted: 0 }, null, open).seconds).toBe(0)
})
