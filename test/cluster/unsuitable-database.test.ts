import { execFile } from 'node:child_process'
import { expect, inject, onTestFinished, test } from 'vitest'
import { createDatabase } from '../support/database.ts'
import { startCluster } from '../support/cluster.ts'
import { secret } from '../support/server.ts'

/** Runs a program to its end. */
function run(program: string, databaseUrl: string): Promise<{ code: unknown; stderr: string }> {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: databaseUrl,
    REDIS_URL: inject('redisUrl'),
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    LOG_LEVEL: 'silent',
    PORT: '0',
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', program], { env }, (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    )
  })
}

async function create(options?: { empty: boolean }) {
  const database = await createDatabase(options)
  onTestFinished(() => database.drop())
  return database
}

test('a server whose database is empty ends at once, with one sentence and exit code 1', async () => {
  const { url } = await create({ empty: true })
  expect(await run('src/main.ts', url)).toEqual({
    code: 1,
    stderr:
      'The database is not migrated: accounts, audit_log, cancel_reservation and more missing. Run npm run migrate.\n',
  })
})

test('a server starts on a database that is read-only, logs it and reports it, as a switchover may follow', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  const { sql } = cluster.database
  const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
  const server = await cluster.start()
  expect(server.log.join()).toContain('PostgreSQL is read-only')
  const health = await fetch(server.url.replace('/graphql', '/health'))
  expect(await health.json()).toMatchObject({
    postgres: { read: true, write: false, reason: expect.stringContaining('read-only') as string },
  })
})

test('a server starts while PostgreSQL is away', async () => {
  const cluster = await startCluster({ DATABASE_URL: 'postgres://postgres@127.0.0.1:1/nowhere' })
  onTestFinished(() => cluster.stop())
  const server = await cluster.start()
  expect((await fetch(server.url.replace('/graphql', '/ready'))).status).toBe(200)
})

test('migrations refuse an address whose parameters the driver would pass on', async () => {
  expect(await run('src/migrate.ts', 'postgres://127.0.0.1:1/x?connection_limit=5')).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^DATABASE_URL has to go without connection_limit: .*\n$/) as string,
  })
})
