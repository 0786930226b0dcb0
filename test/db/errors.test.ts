import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createUser, loadUsers } from '../../src/db/users.ts'
import { openTestDb } from '../support/test-db.ts'
import { eventually } from '../support/eventually.ts'

const { sql, open } = await openTestDb()
const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`

const codeOf = (error: unknown) => (error as { code?: string }).code
const errorOf = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error)

test('transient errors become OVERLOADED, others are thrown as they are', async () => {
  const db = open({ poolSize: 1 })
  const raised = async (state: string) =>
    codeOf(
      await errorOf(
        db.call((own) => own.unsafe(`do $$ begin raise exception using errcode = '${state}'; end $$`)),
      ),
    )
  for (const state of [
    '53100',
    '53200',
    '53400',
    '58030',
    '58P01',
    '57P05',
    '25P03',
    '40003',
    '28000',
    '3D000',
    '08006',
  ])
    expect([state, await raised(state)]).toEqual([state, 'OVERLOADED'])
  for (const state of ['XX000', 'XX001', 'XX002', '42501', '54001', '0A000', '22012'])
    expect([state, await raised(state)]).toEqual([state, state])
})

test('connections to a server that refuses writes are replaced, as after a switchover', async () => {
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
  // Also when this test fails. A new session is read-only itself.
  const reset = () =>
    sql.begin('read write', (tx) => tx.unsafe(`alter database ${name} reset default_transaction_read_only`))
  onTestFinished(async () => {
    await reset()
  })
  const db = open({ poolSize: 3 })
  const read = () => loadUsers(db, [randomUUID()])
  const write = () => createUser(db, { id: randomUUID(), name: 'x' })
  await Promise.all([read(), read(), read()])
  expect(await errorOf(write())).toMatchObject({ code: 'OVERLOADED', cause: { code: '25006' } })
  await read()
  await reset()
  await eventually(() => Promise.all([write(), write(), write()]))
  await Promise.all(Array.from({ length: 20 }, write))
})

test('a connection whose prepared statements are deallocated or outdated prepares them again', async () => {
  const db = open({ poolSize: 1 })
  const user = { id: randomUUID(), name: 'Minji' }
  await createUser(db, user)
  const find = () => loadUsers(db, [user.id])
  expect(await find()).toMatchObject([user])
  for (const statement of ['deallocate all', 'discard all']) {
    await db.call((own) => own.unsafe(statement))
    await eventually(async () => expect(await find()).toMatchObject([user]))
  }
  await sql`alter table users alter name type varchar(200)`
  await eventually(async () => expect(await find()).toMatchObject([user]))
  await sql`alter table users alter name type text`
  await eventually(async () => expect(await find()).toMatchObject([user]))
})

test('a session in a failed transaction is not used again', async () => {
  const db = open({ poolSize: 1 })
  await db.call((own) => own.unsafe('begin')).catch(() => undefined)
  await errorOf(db.call((own) => own.unsafe('select 1/0')))
  await eventually(() => db.ping())
})

test('a logged error has no values of its statement', async () => {
  const db = open({ poolSize: 1, lockTimeoutMs: 50 })
  const secret = `secret-${randomUUID()}`
  const id = randomUUID()
  await createUser(db, { id, name: 'x' })
  const session = await sql.reserve()
  await session`begin`
  await session`select from users where id = ${id} for update`
  const errors = await Promise.all([
    errorOf(createUser(db, { id, name: secret })), // 23505
    errorOf(db.call((own) => own`select ${secret}::text::int`)), // 22P02
    errorOf(db.call((own) => own`select ${secret}::text::timestamptz`)), // 22007
    errorOf(db.call((own) => own`select ${secret}::text::jsonb`)), // 22P02
    errorOf(loadUsers(db, [secret])), // 22P02
    errorOf(db.call((own) => own`update users set name = ${secret} where id = ${id}`)), // 55P03
  ])
  await session`rollback`
  session.release()
  expect(errors.every((error) => error instanceof Error)).toBe(true)

  // The serializer writes message, stack and code of an error, and the messages of its causes.
  const { pino, stdSerializers } = await import('pino')
  const lines = new PassThrough()
  const log = pino({ serializers: { err: stdSerializers.err } }, lines)
  for (const err of errors) {
    const { message, stack, code } = stdSerializers.err(err as Error) as Record<string, unknown>
    log.error({ err: { message, stack, code } })
  }
  const text = String(lines.read())
  expect(text.trim().split('\n')).toHaveLength(errors.length)
  expect(text).toContain('22P02')
  expect(text).not.toContain(secret)
  expect(text).not.toContain(id)
})
