import { expect, inject, onTestFinished, test } from 'vitest'
import { openTestDb } from '../support/test-db.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'

const { open, sql } = await openTestDb()

/**
 * Runs `during`, and returns how long the arrays of the driver became that hold connections or statements: those it searched,
 * and those it appended to.
 */
async function longestQueues(
  during: () => Promise<unknown>,
): Promise<{ searched: number; appended: number }> {
  const longest = { searched: 0, appended: 0 }

  const { indexOf, push } = Array.prototype
  const has = (item: unknown, key: string) => typeof item === 'object' && item !== null && key in item
  Array.prototype.indexOf = function (this: unknown[], item: unknown, from?: number) {
    if (has(item, 'idleTimer')) longest.searched = Math.max(longest.searched, this.length)
    return from === undefined ? indexOf.call(this, item) : indexOf.call(this, item, from)
  }
  Array.prototype.push = function (this: unknown[], ...items: unknown[]) {
    if (items.some((item) => has(item, 'canceller') || has(item, 'idleTimer')))
      longest.appended = Math.max(longest.appended, this.length + items.length)
    return push.apply(this, items)
  }
  try {
    await during()
  } finally {
    Object.assign(Array.prototype, { indexOf, push })
  }
  return longest
}

test('the driver’s queues do not grow with the number of statements', async () => {
  const db = open({ poolSize: 4 })
  let left = 20_000
  const client = async () => {
    while (left-- > 0) await db.call((own) => own`select 1`)
  }
  const longest = await longestQueues(() => Promise.all(Array.from({ length: 32 }, client)))
  expect(longest).toEqual({ searched: 1, appended: 1 })
})

test('calls run in order, on no more connections than the pool size', async () => {
  const db = open({ poolSize: 3 })
  const order: number[] = []
  const pids = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const [row] = await db.call((own) => {
        order.push(index)
        return own<[{ pid: number }]>`select pg_backend_pid() as pid`
      })
      return row.pid
    }),
  )
  expect(order).toEqual(order.map((_, index) => index))
  expect(new Set(pids).size).toBeLessThanOrEqual(3)
  expect(db.usage().connections).toBeLessThanOrEqual(4)
})

test('a statement does not wait behind a blocked one while a connection is free', async () => {
  const db = open({ poolSize: 2 })
  await sql`insert into users (id, name) values ('00000000-0000-4000-8000-000000000001', 'a')`
  const session = await sql.reserve()
  await session`begin`
  await session`lock table users`
  const stuck = db.call((own) => own`select from users`)
  for (let n = 0; n < 100; n++) await db.call((own) => own`select 1`)
  await session`rollback`
  session.release()
  expect(await stuck).toHaveLength(1)
})

test('a call whose deadline passed while it waited is not sent', async () => {
  const db = open({ poolSize: 1, deadlineMs: 300 })
  let served = 0
  const slow = db.call((own) => own`select pg_sleep(1)`).catch(() => undefined)
  const late = db.call((own) => {
    served += 1
    return own`select 1`
  })
  await expect(late).rejects.toMatchObject({ code: 'OVERLOADED' })
  await slow
  await expect.poll(() => db.usage().calls).toBe(0)
  expect(served).toBe(0)
})

test('a call whose deadline passed while the first connection opened is not sent', async () => {
  const proxy = await createTcpProxy(new URL('/postgres', inject('databaseUrl')).href)
  onTestFinished(() => proxy.close())
  const db = open({ url: proxy.url, deadlineMs: 100 })
  const held = proxy.hold('pg_backend_pid')
  let served = 0
  const late = db.call((own) => {
    served += 1
    return own`select 1`
  })
  await held
  await expect(late).rejects.toMatchObject({ code: 'OVERLOADED' })
  proxy.release()
  await expect.poll(() => db.usage().calls).toBe(0)
  expect(served).toBe(0)
})

test('after the server closed a connection, the next statement does not get the old error', async () => {
  const db = open({ poolSize: 1 })
  const sleeping = expect(db.call((own) => own`select pg_sleep(60)`)).rejects.toMatchObject({
    code: 'OVERLOADED',
  })
  const terminated = () => sql`
    select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
  await expect.poll(async () => (await terminated()).length).toBe(1)
  await sleeping
  expect(await db.call((own) => own`select 1 as one`)).toEqual([{ one: 1 }])
})
