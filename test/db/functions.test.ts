import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openTestDb } from '../support/test-db.ts'
import { holdArgs, createBuyer, createConcertFixture, holdSeats } from '../support/fixtures.ts'

const { db, sql } = await openTestDb()

async function read(folder: string, extension: string): Promise<Map<string, string>> {
  const at = new URL(`../../${folder}/`, import.meta.url)
  const names = (await readdir(at)).filter((name) => name.endsWith(extension))
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, at), 'utf8')))
  return new Map(names.map((name, index) => [name.slice(0, -extension.length), texts[index] ?? '']))
}

/** The bodies, without the comments above them. */
const functions = new Map(
  [...(await read('src/db/sql', '.sql'))].map(([name, text]) => [name, text.replaceAll(/^ *--.*$/gm, '')]),
)
const wrappers = await read('src/db', '.ts')
const tests = [...(await read('test/db', '.test.ts')).values()].join()
const calls = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

test('each file defines one function of the same name', async () => {
  for (const [name, text] of functions)
    expect([...text.matchAll(/create or replace function (\w+)/g)].map((match) => match[1])).toEqual([name])
  const rows = await sql<{ name: string }[]>`
    select proname as name from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'
      and prorettype <> 'trigger'::regtype order by 1`
  expect(rows.map(({ name }) => name)).toEqual([...functions.keys()].sort())
})

test('each function is called by exactly one wrapper, or only by other functions', () => {
  for (const name of functions.keys()) {
    const called = [...wrappers.values()].reduce(
      (sum, text) => sum + calls(text, new RegExp(`(select|from) ${name}\\(`, 'g')),
      0,
    )
    const helps = [...functions].some(
      ([other, text]) => other !== name && new RegExp(`\\b${name}\\(`).test(text),
    )
    expect({ name, called, helps }).toEqual({ name, called: helps ? 0 : 1, helps })
  }
})

test('PL/pgSQL functions called by wrappers use generic plans without sequential scans', async () => {
  const rows = await sql<{ name: string; config: string[] | null }[]>`
    select proname as name, proconfig as config from pg_proc join pg_language l on l.oid = prolang
    where pronamespace = 'public'::regnamespace and lanname = 'plpgsql' and prorettype <> 'trigger'::regtype`
  const called = rows.filter(({ name }) =>
    [...wrappers.values()].some((text) => calls(text, new RegExp(`(select|from) ${name}\\(`, 'g')) > 0),
  )
  expect(called.length).toBeGreaterThan(8)
  const settings = ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off']
  expect(called.filter(({ config }) => settings.some((setting) => !config?.includes(setting)))).toEqual([])
})

test('every wrapper is called by a test', () => {
  const exported = [...wrappers.values()].flatMap((text) =>
    [...text.matchAll(/^export (?:async function|const) (\w+)(?: = (?:async )?)?\(\s*db: Database/gm)].map(
      (match) => match[1] ?? '',
    ),
  )
  expect(exported.length).toBeGreaterThan(20)
  const untested = exported.filter((name) => !tests.includes(`${name}(db`))
  expect(untested).toEqual([])
})

test('read_clock advances within a transaction, in whole milliseconds', async () => {
  await sql.begin(async (tx) => {
    const [row] = await tx<[{ first: Date; whole: boolean; later: boolean }]>`
      with first as materialized (select read_clock() as at), waited as materialized (select pg_sleep(0.02) from first)
      select at as first, at = date_trunc('milliseconds', at) as whole, read_clock() > at as later from first, waited`
    expect(row).toMatchObject({ whole: true, later: true })
  })
})

test('an idempotency key is claimed, completed, found and released', async () => {
  const [user, key, request, other] = [randomUUID(), 'key', { operation: 'a' }, { operation: 'b' }]
  const claim = async (of: { operation: string }) =>
    (await sql`select claim_idempotency_key(${user}, ${key}, ${sql.json(of)}) as answer`)[0]?.[
      'answer'
    ] as unknown
  const find = async (of: { operation: string }) =>
    (await sql`select find_idempotency_key(${user}, ${key}, ${sql.json(of)}) as answer`)[0]?.[
      'answer'
    ] as unknown
  expect(await find(request)).toBeNull()
  expect(await claim(request)).toBeNull()
  const [answered] =
    await sql`select complete_idempotency_key(${user}, ${key}, '{"outcome": "Done"}') as answer`
  expect(answered).toEqual({ answer: { outcome: 'Done' } })
  for (const again of [claim, find]) {
    expect(await again(request)).toEqual({ outcome: 'Done' })
    expect(await again(other)).toEqual({ outcome: 'IdempotencyKeyReused' })
  }
  const [released] =
    await sql`select release_idempotency_key(${user}, ${key}, '{"outcome": "Gone"}') as answer`
  expect(released).toEqual({ answer: { outcome: 'Gone' } })
  expect(await claim(other)).toBeNull()
})

test('lock_account creates the account once, and returns its balance', async () => {
  const user = randomUUID()
  expect(await sql`select lock_account(${user})::int as balance`).toEqual([{ balance: 0 }])
  await sql`update accounts set balance = 5 where user_id = ${user}`
  expect(await sql`select lock_account(${user})::int as balance`).toEqual([{ balance: 5 }])
  const newcomer = randomUUID()
  await Promise.all(Array.from({ length: 4 }, () => sql`select lock_account(${newcomer})`))
  expect(await sql`select from accounts where user_id = ${newcomer}`).toHaveLength(1)
})

test('end_hold releases the claims and adds the event with the same time', async () => {
  const buyer = createBuyer(await createConcertFixture(db))
  const id = await holdSeats(db, holdArgs(buyer, [1, 2]))
  await sql`select end_hold(r, 'CANCELLED', read_clock()) from reservations r where id = ${id}`
  const moments = await sql`
    select released_at = decided_at and occurred_at = decided_at as same
    from reservations r join seat_claims c on c.reservation_id = r.id
      join outbox o on o.subject_id = r.id and o.type = 'reservation.cancelled' where r.id = ${id}`
  expect(moments).toEqual([{ same: true }, { same: true }])
  await sql`select emit_reservation_event('reservation.held', r, read_clock(), '{"more": 1}') from reservations r
    where id = ${id}`
  const [event] = await sql`select data from outbox order by id desc limit 1`
  expect(event?.['data']).toMatchObject({ reservationId: id, seatNumbers: [1, 2], more: 1 })
})
