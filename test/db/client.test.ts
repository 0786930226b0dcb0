import { setTimeout as pause } from 'node:timers/promises'
import type { Statement } from '../../src/db/connection.ts'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { openTestDb } from '../support/test-db.ts'
import { eventually } from '../support/eventually.ts'

const { sql, open, whileLocked } = await openTestDb()
const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`

/** The error of a call; undefined: it succeeded. */
const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(() => undefined).catch((thrown: unknown) => thrown)
const overloadedBy = (cause: object) => ({ name: 'Problem', code: 'OVERLOADED', retryAfterSeconds: 1, cause })

/** Terminates the backend that runs a statement like this. */
const terminate = (like: string) =>
  eventually(async () => {
    const ended = await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${name} and pid <> pg_backend_pid() and state = 'active' and query like ${like}`
    expect(ended).toHaveLength(1)
  })

test('a statement that waits for a lock gives up after the lock timeout', async () => {
  const db = open({ lockTimeoutMs: 100 })
  await whileLocked(
    (tx) => tx`lock table accounts`,
    async () => {
      const error = await errorOf(db.call((own) => own`select from accounts`))
      expect(error).toMatchObject(overloadedBy({ code: '55P03' }))
    },
  )
  await db.call((own) => own`select from accounts`)
})

test('a statement that runs longer than its timeout is cancelled', async () => {
  const error = await errorOf(open({ statementTimeoutMs: 100 }).call((own) => own`select pg_sleep(10)`))
  expect(error).toMatchObject(overloadedBy({ code: '57014' }))
})

test('a call fails at its deadline, which includes the wait for a connection', async () => {
  const db = open({ poolSize: 1, deadlineMs: 150, statementTimeoutMs: 3_000 })
  const errors = await Promise.all([
    errorOf(db.call((own) => own`select pg_sleep(10)`)),
    errorOf(db.call((own) => own`select 1`)),
  ])
  // The statement's own timeout, which is later, would have another cause.
  for (const error of errors) expect(error).toMatchObject(overloadedBy({ name: 'TimeoutError' }))
  await eventually(() => db.ping())
})

test('a call beyond the limit fails at once, and a call past its deadline still counts', async () => {
  const db = open({ callsMax: 2, deadlineMs: 500 })
  await whileLocked(
    (tx) => tx`lock table accounts`,
    async () => {
      const blocked = [1, 2].map(() => errorOf(db.call((own) => own`select from accounts`)))
      expect(await errorOf(db.ping())).toMatchObject(overloadedBy({ isBulkheadRejectedError: true }))
      for (const error of await Promise.all(blocked))
        expect(error).toMatchObject(overloadedBy({ name: 'TimeoutError' }))
      expect(await errorOf(db.ping())).toMatchObject(overloadedBy({ isBulkheadRejectedError: true }))
    },
  )
  await eventually(() => db.ping())
})

test('a backend that dies during a call fails only that call', async () => {
  const db = open({ poolSize: 1 })
  const call = errorOf(db.call((own) => own`select pg_sleep(10) as died`))
  await terminate('%as died')
  expect(await call).toMatchObject({ code: 'OVERLOADED' })
  // A call before the driver has noticed the closed connection may fail too.
  await eventually(() => db.ping())
})

test('a backend that died between two calls is replaced', async () => {
  const db = open({ poolSize: 1 })
  const [backend] = await db.call((own) => own<[{ pid: number }]>`select pg_backend_pid() as pid`)
  await sql`select pg_terminate_backend(${backend.pid})`
  await eventually(async () =>
    expect(await sql`select from pg_stat_activity where pid = ${backend.pid}`).toHaveLength(0),
  )
  await eventually(() => db.ping())
})

test('an error in a statement is thrown as it is', async () => {
  const db = open()
  const id = '00000000-0000-4000-8000-000000000000'
  await db.call((own) => own`insert into accounts (user_id) values (${id})`)
  const wrong: [string, Statement<object[]>][] = [
    ['23505', (own) => own`insert into accounts (user_id) values (${id})`],
    ['23514', (own) => own`update accounts set balance = -1`],
    ['42601', (own) => own`selec`],
    ['P0001', (own) => own`do $$ begin raise exception 'no'; end $$`],
  ]
  for (const [code, statement] of wrong) {
    expect(await errorOf(db.call(statement))).toMatchObject({ name: 'PostgresError', code })
  }
  const mistake = () => {
    throw new TypeError('mine')
  }
  expect(await errorOf(db.call(mistake))).toEqual(new TypeError('mine'))
})

test('without PostgreSQL every call fails by its deadline, and close succeeds', async () => {
  const options = { poolSize: 2, deadlineMs: 500, statementTimeoutMs: 400, lockTimeoutMs: 300, callsMax: 10 }
  const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', ...options })
  for (let n = 0; n < 3; n++) {
    expect(await errorOf(db.ping())).toMatchObject({ code: 'OVERLOADED' })
  }
  await db.close()
})

test('close waits for a running statement, and later calls fail', async () => {
  const options = {
    poolSize: 2,
    deadlineMs: 5_000,
    statementTimeoutMs: 4_000,
    lockTimeoutMs: 300,
    callsMax: 10,
  }
  const url = await sql<[{ port: number }]>`select inet_server_port() as port`
  const db = openDatabase({ url: `postgres://postgres@127.0.0.1:${url[0].port}/${name}`, ...options })
  onTestFinished(() => db.close())
  await db.ping()
  const running = db.call((own) => own`select pg_sleep(0.2), 1 as one`)
  await pause(0)
  await db.close()
  expect(await running).toMatchObject([{ one: 1 }])
  await expect(db.ping()).rejects.toMatchObject({ code: 'OVERLOADED' })
})
