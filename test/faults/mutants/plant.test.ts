import { expect, test } from 'vitest'
import { staleMutants } from './plant.ts'

test('every planted bug still fits the code', () => {
  expect(staleMutants()).toEqual([])
})
