import { expect, test } from 'vitest'
import { misfits } from './plant.ts'

test('every planted bug still fits the code', () => {
  expect(misfits()).toEqual([])
})
