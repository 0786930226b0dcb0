import { randomUUID } from 'node:crypto'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type postgres from 'postgres'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { createDatabase } from '../support/database.ts'

/** The whole schema, one object a line, as PostgreSQL prints it. */
async function dump(sql: postgres.Sql): Promise<string> {
  const rows = await sql<{ line: string }[]>`
    select format('table %s: %s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end, ' default ' || pg_get_expr(d.adbin, d.adrelid)) as line
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    union all select format('constraint %s %s: %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u')
    union all select format('index %s', indexdef) from pg_indexes where schemaname = 'public'
    union all select format('trigger %s', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    union all select format('function %s(%s) returns %s', proname, pg_get_function_arguments(oid), pg_get_function_result(oid))
    from pg_proc where pronamespace = 'public'::regnamespace
    order by 1`
  return rows.map(({ line }) => `${line}\n`).join('')
}

async function create(options: { empty: boolean }) {
  const database = await createDatabase(options)
  onTestFinished(() => database.drop())
  return database
}

test('migrations that run at the same time migrate an empty database once, and another run changes nothing', async () => {
  const { url, sql } = await create({ empty: true })
  await Promise.all(Array.from({ length: 4 }, () => migrate(url)))
  const once = await dump(sql)
  const applied = await sql`select hash from drizzle.__drizzle_migrations order by id`
  await migrate(url)
  expect(await dump(sql)).toBe(once)
  expect(await sql`select hash from drizzle.__drizzle_migrations order by id`).toEqual(applied)
  expect(new Set(applied.map((row) => row['hash'] as string)).size).toBe(applied.length)
})

test('the schema is the committed one (vitest -u updates schema.txt)', async () => {
  const { sql } = await create({ empty: false })
  await expect(await dump(sql)).toMatchFileSnapshot('schema.txt')
})

test('an upgrade keeps the audit log under its new name, and drops functions that were renamed', async () => {
  const { url, sql } = await create({ empty: true })
  await sql.unsafe(`create schema drizzle;
    create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`)
  for (const { hash, folderMillis, sql: statements } of readMigrationFiles({
    migrationsFolder: 'drizzle',
  }).slice(0, 8)) {
    for (const statement of statements) await sql.unsafe(statement)
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
  }
  const id = randomUUID()
  await sql`insert into operator_actions (id, operator_id, action, at, after) values (${id}, ${id}, 'chargePoints', now(), '{}')`
  await sql.unsafe(`
    create function begin_intent(uuid, text, jsonb) returns jsonb language sql as 'select $3';
    create function hold_seats(uuid, text, uuid, uuid, int[], uuid, bigint, boolean, bigint, int) returns jsonb
      language sql as 'select null::jsonb'`)
  await migrate(url)
  expect(await sql`select id from audit_log`).toEqual([{ id }])
  await expect(sql`delete from audit_log`).rejects.toThrow('append-only')
  const { sql: fresh } = await create({ empty: false })
  expect(await dump(sql)).toBe(await dump(fresh))
})

test('a migration that fails leaves the database unchanged', async () => {
  const { url, sql } = await create({ empty: true })
  await sql`create table accounts (mine int)`
  await expect(migrate(url)).rejects.toThrow()
  expect(await dump(sql)).toBe('table accounts: mine integer\n')
  await sql`drop table accounts`
  await migrate(url)
})

test('a migration that waits for a lock gives up after a while, lets other statements run, and tries again', async () => {
  const { url, sql } = await create({ empty: true })
  await sql`create table accounts (mine int)`
  const holder = await sql.reserve()
  await holder`begin`
  await holder`lock table pg_namespace in share mode` // conflicts with creating a schema
  const migration = migrate(url)
  const waiting = () =>
    sql`select from pg_locks where not granted and relation = 'pg_namespace'::regclass`.then(
      (rows) => rows.length,
    )
  await expect.poll(waiting).toBe(1)
  await expect.poll(waiting).toBe(0)
  await holder`rollback`
  await sql`drop table accounts`
  holder.release()
  await migration
})
