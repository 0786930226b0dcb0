import { expect, test } from 'vitest'
import { editText } from './edit.ts'
import { staleMutants } from './plant.ts'

test('every planted bug fits the code', () => {
  expect(staleMutants()).toEqual([])
})

test('an edit fits a statement that was reformatted, commented and renamed', () => {
  const edit = { find: 'if ($ticket.userId !== $owner) {', replace: 'if ($ticket.number < 0) {' }
  const code = `if (
    shown.ticket.userId !== // the signature does not say
    caller
  ) {`
  expect(editText(code, edit)).toBe('if (shown.ticket.number < 0) {')
})

test('an edit does not fit other tokens', () => {
  const edit = { find: 'if ($time - $last >= 5) { $last = $time }', replace: '' }
  const code = 'if (now - since >= 5) { other = now }'
  expect(editText(code, edit)).toBe(code)
})
