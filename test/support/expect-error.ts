/** Expectations for every error that a client gets. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { GraphQLResponse } from './client.ts'

/** The codes that docs/errors.md lists, in its order. */
const documentedCodes: string[] = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^\| `([A-Z_]+)` +\|/gm),
].map(([, code = '']) => code)

/** Internals that no response may contain. */
export const INTERNAL_DETAILS =
  /node_modules|\bat .+:\d+:\d+|\.[jt]s\b|\bselect\b.+\bfrom\b|insert into|postgres|redis|SQLSTATE|ECONN|Did you mean/i

/** Each error has a documented code and a message, and the response no internals. */
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
