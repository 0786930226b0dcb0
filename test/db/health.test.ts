import { expect, test } from 'vitest'
import { probeHealth, probeWrite } from '../../src/db/health.ts'
import { openTestDb } from '../support/test-db.ts'

const { db, sql, whileLocked } = await openTestDb()

test('a write probe leaves one row in a new file, also with concurrent probes', async () => {
  const file = async () =>
    (await sql`select pg_relation_filepath('write_probe') as path`)[0]?.['path'] as string
  await probeWrite(db)
  const before = await file()
  await Promise.all(Array.from({ length: 10 }, () => probeWrite(db)))
  await probeWrite(db)
  expect(await sql`select from write_probe`).toHaveLength(1)
  expect(await file()).not.toBe(before)
})

test('a write probe succeeds while pg_dump has locked every table', async () => {
  await whileLocked(
    (tx) => tx`lock table write_probe in access share mode`,
    async () => {
      expect(await probeHealth(db, () => undefined)).toEqual({ read: true, write: true })
    },
  )
})

test('the probe reports reads and writes', async () => {
  const failures: unknown[] = []
  expect(await probeHealth(db, (error) => failures.push(error))).toEqual({ read: true, write: true })
  expect(failures).toEqual([])
})
