import type postgres from 'postgres'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { createDatabase } from '../support/database.ts'

/** Everything that a schema is made of, a line each, as PostgreSQL itself writes it. */
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

test('servers that start together bring an empty database up to date together, and again changes nothing', async () => {
  const { url, sql } = await create({ empty: true })
  await Promise.all(Array.from({ length: 4 }, () => migrate(url)))
  const once = await dump(sql)
  const applied = await sql`select hash from drizzle.__drizzle_migrations order by id`
  await migrate(url)
  expect(await dump(sql)).toBe(once)
  expect(await sql`select hash from drizzle.__drizzle_migrations order by id`).toEqual(applied)
  expect(new Set(applied.map((row) => row['hash'] as string)).size).toBe(applied.length)
})

test('the schema is the committed one: what changed it shows here (vitest -u writes it anew)', async () => {
  const { sql } = await create({ empty: false })
  await expect(await dump(sql)).toMatchFileSnapshot('schema.txt')
})

test('a migration that cannot run says so, and leaves the database as it was', async () => {
  const { url, sql } = await create({ empty: true })
  await sql`create table accounts (mine int)`
  await expect(migrate(url)).rejects.toThrow()
  expect(await dump(sql)).toBe('table accounts: mine integer\n')
  await sql`drop table accounts`
  await migrate(url)
})

test('a lock that somebody holds does not stop others behind the migration: it gives up, and tries again', async () => {
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
