import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printClientDocuments } from '../../scripts/client-documents.ts'

test('the operations fit schema.graphql, and client/documents.ts has them all (npm run schema writes it)', async () => {
  expect(readFileSync('client/documents.ts', 'utf8')).toBe(await printClientDocuments())
})
