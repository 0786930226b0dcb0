import { expect, test } from 'vitest'
import { changedSeats, seatMap } from '../../src/domain/catalog.ts'

const performance = { id: 'd', concertId: 'c', startsAt: new Date(0), seatCount: 3, seatPrice: 5 }

test('a seat that is not taken is available', () => {
  expect(seatMap(performance, new Map([[2, 'SOLD']]))).toEqual([
    { performanceId: 'd', number: 1, price: 5, status: 'AVAILABLE' },
    { performanceId: 'd', number: 2, price: 5, status: 'SOLD' },
    { performanceId: 'd', number: 3, price: 5, status: 'AVAILABLE' },
  ])
})

test('a taken seat that does not exist is left out', () => {
  expect(seatMap(performance, new Map([[4, 'HELD']])).map(({ number }) => number)).toEqual([1, 2, 3])
})

test('changed seats are those whose status differs, in their new state', () => {
  const before = seatMap(performance, new Map([[1, 'HELD']]))
  const after = seatMap(
    performance,
    new Map([
      [1, 'SOLD'],
      [3, 'HELD'],
    ] as const),
  )
  expect(changedSeats(before, after).map(({ number, status }) => [number, status])).toEqual([
    [1, 'SOLD'],
    [3, 'HELD'],
  ])
  expect(changedSeats(after, after)).toEqual([])
})
