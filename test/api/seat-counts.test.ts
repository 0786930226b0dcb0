/** The counts that callers without an admitted ticket share. */
import { expect, test } from 'vitest'
import { createSeatCounts } from '../../src/seats/seat-counts.ts'

test('callers at the same time cost one read, for all the dates that they ask about', async () => {
  const reads: (readonly string[])[] = []
  const counts = createSeatCounts((ids) => {
    reads.push(ids)
    return Promise.resolve([{ performanceId: 'a', count: 3 }])
  })
  const asked = await Promise.all(['a', 'b', 'a', 'a', 'b'].map((id) => counts.taken(id)))
  expect(asked).toEqual([3, 0, 3, 3, 0])
  expect(reads).toEqual([['a', 'b']])
})

test('a read that fails is not kept', async () => {
  let isAway = true
  const counts = createSeatCounts(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([])))
  await expect(counts.taken('a')).rejects.toThrow('away')
  isAway = false
  expect(await counts.taken('a')).toBe(0)
})
