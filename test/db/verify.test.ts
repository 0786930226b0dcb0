import { expect, test } from 'vitest'
import { describeUnsuitable, verifyDatabase } from '../../src/db/verify.ts'
import { openTestDb } from '../support/test-db.ts'

const { db, sql } = await openTestDb()

test('a migrated database is accepted, and one without a table or a function is refused', async () => {
  expect(await verifyDatabase(db)).toEqual({ readOnly: false })
  await sql`drop function prune_idempotency_keys`
  await sql`drop table write_probe`
  await expect(verifyDatabase(db)).rejects.toThrow(
    'The database is not migrated: prune_idempotency_keys, write_probe missing. Run npm run migrate.',
  )
})

test('PostgreSQL 15 is the oldest that is supported', () => {
  expect(describeUnsuitable({ version: 140_011, missing: [] })).toBe(
    'PostgreSQL is too old: it is version 14, and has to be 15 or later.',
  )
  expect(describeUnsuitable({ version: 150_000, missing: [] })).toBeUndefined()
})
