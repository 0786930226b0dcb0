import { expect, test } from 'vitest'
import { median, percentile, summarize, markdownTable, type Row } from '../../bench/lib/results.ts'
import { cpuMicros, residentBytes } from '../../bench/lib/programs.ts'

test('the median of an odd and of an even number of values', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})

test('a percentile is a value that was measured: the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect([0.5, 0.99, 1, 0].map((share) => percentile(values, share))).toEqual([50, 99, 100, 1])
})

const row: Row = {
  name: 'a thing',
  unit: 'things/s',
  ours: [10, 30, 20],
  reference: { name: 'theirs', values: [20, 20, 20] },
  goal: { atLeast: 1 },
  notes: ['p99 3 ms'],
}

test('a ratio is made of what was measured in the same round', () => {
  expect(summarize(row)).toMatchObject({ ratio: { median: 1, low: 0.5, high: 1.5 }, reached: true })
  expect(summarize({ ...row, goal: { atMost: 0.9 } })).toMatchObject({ reached: false })
})

test('a table has a line for each', () => {
  expect(
    markdownTable([summarize(row)])
      .split('\n')
      .at(-1),
  ).toBe('| a thing | 20 things/s | 20 (theirs) | 1 (0.5–1.5) | ≥ 1 ✓ | p99 3 ms |')
})

test('work shows in the CPU time of a process, and memory in its size', () => {
  const before = cpuMicros(process.pid)
  const began = process.cpuUsage()
  // By its own account, not by the clock: on a busy machine a process gets little CPU time in a second.
  const used = (): number => process.cpuUsage(began).user + process.cpuUsage(began).system
  while (used() < 200_000) Math.sqrt(before)
  // /proc counts in ticks of 10 ms.
  expect(cpuMicros(process.pid) - before).toBeGreaterThanOrEqual(180_000)
  expect(residentBytes(process.pid)).toBeGreaterThan(process.memoryUsage().heapUsed / 2)
})
