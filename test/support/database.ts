/** A database for one test: a clone of the migrated one. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'

export interface TestDatabase {
  url: string
  /** To read rows, and to arrange what no operation can. */
  sql: postgres.Sql
  drop(): Promise<void>
}

/** @param options.empty without tables */
export async function createDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const template = new URL(inject('databaseUrl'))
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(`create database ${name} template ${empty ? 'template1' : template.pathname.slice(1)}`)
  const url = new URL(template)
  url.pathname = `/${name}`
  const sql = postgres(url.href, { max: 4, onnotice: () => {} })
  return {
    url: url.href,
    sql,
    drop: async () => {
      await sql.end()
      await administer(`drop database ${name} with (force)`)
    },
  }
}

async function administer(statement: string): Promise<void> {
  const url = new URL(inject('databaseUrl'))
  url.pathname = '/postgres'
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  // PostgreSQL copies a template for one session at a time.
  await sql`select pg_advisory_lock(1)`
  await sql.unsafe(statement)
  await sql.end()
}
