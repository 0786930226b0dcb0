import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { listAuditLog } from '../../src/db/audit-log.ts'
import {
  listConcerts,
  listPerformances,
  loadPerformances,
  loadPerformancesByConcert,
} from '../../src/db/catalog.ts'
import { loadPayments, loadPaymentsByReservation } from '../../src/db/payments.ts'
import { loadAccounts } from '../../src/db/points.ts'
import { loadReservations } from '../../src/db/reservations.ts'
import { loadUsers } from '../../src/db/users.ts'
import { openTestDb } from '../support/test-db.ts'

const { sql, open } = await openTestDb()

test('reads on open sessions succeed while a migration adds columns', async () => {
  const db = open({ poolSize: 1 })
  const id = randomUUID()
  const page = { limit: 1, after: undefined, before: undefined, fromEnd: false }
  const readAll = async () => [
    await listAuditLog(db, null, page),
    await listAuditLog(db, id, page),
    await listConcerts(db, page),
    await listPerformances(db, id, { futureOnly: true, limit: 1 }),
    await loadPerformances(db, [id]),
    await loadPerformancesByConcert(db, [id]),
    await loadPayments(db, [id]),
    await loadPaymentsByReservation(db, [id]),
    await loadAccounts(db, [id]),
    await loadReservations(db, [id]),
    await loadUsers(db, [id]),
  ]
  const before = await readAll()
  for (const { name } of await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public'`)
    await sql`alter table ${sql(name)} add column added int`
  expect(await readAll()).toEqual(before)
})
