import { expect, test } from 'vitest'
import { overloaded, Problem } from '../../src/domain/problem.ts'
import { isTerminal } from '../../src/domain/queue.ts'
import * as refusals from '../../src/domain/refusals.ts'

test('the messages of refusals address the user', () => {
  expect(new refusals.SeatTaken([10, 9]).message).toContain('seat 9, 10.')
  expect(new refusals.SeatNotFound([51]).message).toContain('seat 51 ')
  expect(new refusals.InsufficientPoints(30, 100).message).toContain('at least 70 more')
  expect(new refusals.SeatLimitExceeded(4).message).toContain('at most 4 seats')
  expect(new refusals.SeatTaken([1])).toBeInstanceOf(refusals.Refusal)
})

test('an unavailable store is OVERLOADED, with a time to retry', () => {
  const cause = new Error('ECONNREFUSED')
  expect(overloaded(cause)).toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 1, cause })
  expect(overloaded(cause).message).not.toContain('ECONN')
  expect(new Problem('FORBIDDEN', 'No.').retryAfterSeconds).toBeUndefined()
})

test('Finished and Lapsed are final, Waiting and Admitted are not', () => {
  const at = new Date(0)
  expect(isTerminal({ kind: 'Finished', at })).toBe(true)
  expect(isTerminal({ kind: 'Lapsed', reason: 'LEFT' })).toBe(true)
  expect(isTerminal({ kind: 'Admitted', until: at })).toBe(false)
  expect(isTerminal({ kind: 'Waiting', position: 1, estimatedWaitSeconds: null, paused: false })).toBe(false)
})
