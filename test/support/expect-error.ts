/** What every error that a client sees has to be like. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { GraphQLResponse } from './client.ts'

/** The codes that docs/errors.md lists, in its order. */
const documentedCodes: string[] = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^\| `([A-Z_]+)` +\|/gm),
].map(([, code = '']) => code)

/** What is nobody's business: how it works inside, and what it is made of. */
export const INTERNAL_DETAILS =
  /node_modules|\bat .+:\d+:\d+|\.[jt]s\b|\bselect\b.+\bfrom\b|insert into|postgres|redis|SQLSTATE|ECONN|Did you mean/i

/** Each error has a documented code and a message, and nothing that is nobody's business. */
export function expectValidErrors(answer: Pick<GraphQLResponse<unknown>, 'errors'>): void {
  for (const error of answer.errors ?? []) {
    expect(documentedCodes).toContain(error.extensions.code)
    expect(error.extensions.code).not.toBe('INTERNAL')
    expect(error.message).not.toBe('')
    expect(['message', 'locations', 'path', 'extensions']).toEqual(expect.arrayContaining(Object.keys(error)))
    expect(['code', 'retryAfterSeconds']).toEqual(expect.arrayContaining(Object.keys(error.extensions)))
  }
  expect(JSON.stringify(answer)).not.toMatch(INTERNAL_DETAILS)
}
