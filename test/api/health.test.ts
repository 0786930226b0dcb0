/** What /ready and /health say, with real stores in every state that a write can fail in. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { openDataDir, removeDataDir, type DataDir } from '../../scripts/services/data-dir.ts'
import { startRedis } from '../../scripts/services/redis.ts'
import { createDatabase } from '../support/database.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createTcpProxy } from '../support/tcp-proxy.ts'

const NAMES = { postgres: 'PostgreSQL', redis: 'Redis' }
const SERVED = { read: true, write: true }

async function get(server: TestServer, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL(path, server.url))
  return { status: response.status, body: await response.json() }
}

/** Waits until /health answers this; a report is kept for a second. */
const expectHealth = (server: TestServer, status: number, body: object) =>
  expect.poll(() => get(server, '/health')).toEqual({ status, body })

async function start(overrides: Record<string, string> = {}): Promise<TestServer> {
  const server = await startServer({ LOG_LEVEL: 'silent', ...overrides })
  onTestFinished(() => server.stop())
  return server
}

test('with both stores present, reads and writes are served', async () => {
  const server = await start()
  expect(await get(server, '/live')).toEqual({ status: 200, body: { status: 'live' } })
  expect(await get(server, '/ready')).toEqual({ status: 200, body: { status: 'ready' } })
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
})

test('many callers at once cost the stores one probe a second', async () => {
  const server = await start()
  const { sql } = server.database
  await sql`create table probes (at timestamptz)`
  await sql`create function note_probe() returns trigger language plpgsql as
    'begin insert into probes values (now()); return null; end'`
  await sql`create trigger note_probe after insert on write_probe execute function note_probe()`
  const began = performance.now()
  for (let round = 0; round < 3; round++)
    await Promise.all(Array.from({ length: 100 }, () => get(server, '/health')))
  const seconds = (performance.now() - began) / 1000
  const probes = await sql`select from probes`
  expect(probes.length).toBeGreaterThan(0)
  expect(probes.length).toBeLessThanOrEqual(1 + Math.floor(seconds))
})

test('a database that is read-only serves reads alone, and the server stays ready', async () => {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const name = new URL(database.url).pathname.slice(1)
  await database.sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
  const server = await start({ DATABASE_URL: database.url })
  await expectHealth(server, 503, {
    postgres: { read: true, write: false, reason: 'PostgreSQL is read-only: it is a standby, or set to be.' },
    redis: SERVED,
  })
  expect((await get(server, '/ready')).status).toBe(200)
})

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0

test.skipIf(!canMount)('a full disk of PostgreSQL serves reads alone', async () => {
  const server = await start()
  const { sql } = server.database
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-full-'))
  chmodSync(directory, 0o777)
  const mount = (...args: string[]) => expect(spawnSync('mount', args).status).toBe(0)
  mount('-t', 'tmpfs', '-o', 'size=1m,mode=777', 'tmpfs', directory)
  const tablespace = `full_${process.pid}`
  onTestFinished(async () => {
    await sql`alter table write_probe set tablespace pg_default`
    await sql.unsafe(`drop tablespace ${tablespace}`)
    spawnSync('umount', [directory])
    rmdirSync(directory)
  })
  const place = join(directory, 'data')
  await sql.unsafe(`copy (select) to program 'mkdir -m 700 ${place}'`)
  await sql.unsafe(`create tablespace ${tablespace} location '${place}'`)
  await sql.unsafe(`alter table write_probe set tablespace ${tablespace}`)
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })

  const filler = join(directory, 'filler')
  expect(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC')
  await expectHealth(server, 503, {
    postgres: { read: true, write: false, reason: 'PostgreSQL has no space left on its disk.' },
    redis: SERVED,
  })
  rmSync(filler)
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
})

test.each(['cut', 'blackhole'] as const)(
  'a store that cannot be reached (%s) serves nothing',
  async (how) => {
    const database = await createDatabase()
    const ways = {
      postgres: await createTcpProxy(database.url),
      redis: await createTcpProxy(inject('redisUrl')),
    }
    const server = await startServer({
      DATABASE_URL: ways.postgres.url,
      REDIS_URL: ways.redis.url,
      LOG_LEVEL: 'silent',
    })
    onTestFinished(async () => {
      await server.stop()
      ways.postgres.close()
      ways.redis.close()
      await database.drop()
    })
    await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
    for (const store of ['postgres', 'redis'] as const) {
      ways[store][how]()
      const away = { read: false, write: false, reason: `${NAMES[store]} does not answer.` }
      await expectHealth(server, 503, { postgres: SERVED, redis: SERVED, [store]: away })
      expect((await get(server, '/ready')).status).toBe(200)
      ways[store].restore()
      await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
    }
  },
)

let directory: string
let home: DataDir
let redis: Awaited<ReturnType<typeof startRedis>>
let admin: Redis
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stagedoor-health-'))
  chmodSync(directory, 0o755)
  home = openDataDir(directory, { keepData: false, log: () => undefined })
  redis = await startRedis(home)
  admin = new Redis(redis.url)
})
afterAll(async () => {
  admin.disconnect()
  await redis.stop()
  removeDataDir(directory)
})

type Commands = string[][]

async function expectReadsAlone(reason: string, begin: Commands, end: Commands): Promise<void> {
  const server = await start({ REDIS_URL: redis.url })
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
  for (const [command = '', ...args] of begin) await admin.call(command, ...args)
  await expectHealth(server, 503, { postgres: SERVED, redis: { read: true, write: false, reason } })
  expect((await get(server, '/ready')).status).toBe(200)
  for (const [command = '', ...args] of end) await admin.call(command, ...args)
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
}

test('a Redis that has become a replica serves nothing, because the server leaves it', async () => {
  const server = await start({ REDIS_URL: redis.url })
  await admin.replicaof('127.0.0.1', '1')
  onTestFinished(async () => {
    await admin.replicaof('no', 'one')
  })
  const reason = expect.stringContaining('read-only') as string
  await expectHealth(server, 503, { postgres: SERVED, redis: { read: false, write: false, reason } })
  expect((await get(server, '/ready')).status).toBe(200)
  await admin.replicaof('no', 'one')
  await expectHealth(server, 200, { postgres: SERVED, redis: SERVED })
})

test('a Redis whose memory is full serves reads alone', () =>
  expectReadsAlone(
    'Redis has reached its maxmemory.',
    [['config', 'set', 'maxmemory', '1']],
    [['config', 'set', 'maxmemory', '0']],
  ))

test('a Redis that cannot save its data serves reads alone', async () => {
  const data = join(home.path, 'redis')
  chmodSync(data, 0)
  onTestFinished(() => chmodSync(data, 0o700))
  await expectReadsAlone(
    'Redis refuses writes because it cannot save its data to disk.',
    [['config', 'set', 'save', '3600 1'], ['bgsave']],
    [['config', 'set', 'save', '']],
  )
})
