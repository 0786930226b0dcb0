/** A Redis replica and a PostgreSQL hot standby that become the primary without losing anything. */
import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { postgresDirectories } from '../../../scripts/services/find.ts'
import { makeServiceDir, type DataDir } from '../../../scripts/services/data-dir.ts'
import { launch, serviceEnv } from '../../../scripts/services/supervise.ts'
import { findPostgres } from '../../../scripts/services/postgres.ts'
import { findRedis } from '../../../scripts/services/redis.ts'
import { stablePort } from './ports.ts'
import type { Service, Standby } from './types.ts'

const WAIT_MS_MAX = 30_000
/** How long the primary delays writes at most, so that its replica has everything when it is promoted. */
const PAUSE_WRITES_MS = 10_000

async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX
  while (!(await isTrue().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${what}`)
    await sleep(25)
  }
}

/** Starts a Redis that replicates the one at `primaryUrl`, and waits until it is in sync. */
export async function startRedisStandby(dataDir: DataDir, primaryUrl: string): Promise<Standby> {
  const port = await stablePort()
  const primaryPort = Number(new URL(primaryUrl).port)
  rmSync(join(dataDir.path, 'redis-standby'), { recursive: true, force: true })
  const cwd = makeServiceDir(dataDir, 'redis-standby')
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: cwd,
    save: '',
    appendonly: 'no',
    replicaof: `127.0.0.1 ${primaryPort}`,
    'repl-diskless-sync-delay': '0',
  }
  const command = [
    findRedis(dataDir.log),
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  ]
  const primary = adminOf(primaryUrl)
  const standby = adminOf(`redis://127.0.0.1:${port}`)
  const running = await launch(dataDir, {
    name: 'redis-standby',
    signal: 'TERM',
    command,
    cwd,
    isReady: () => isInSync(primary, standby).catch(() => false),
  })
  return {
    port,
    switchOver: (onPromoted) => switchRedis(primary, standby, port, onPromoted),
    switchBack: async (onPromoted) => {
      if (replication(await primary.info('replication')).role === 'master') return
      await until(() => isInSync(standby, primary), 'the former primary to follow')
      await switchRedis(standby, primary, primaryPort, onPromoted)
    },
    close: async () => {
      primary.disconnect()
      standby.disconnect()
      await running.stop()
      rmSync(cwd, { recursive: true, force: true })
    },
  }
}

function adminOf(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 5_000, retryStrategy: () => 50 })
  redis.on('error', () => undefined)
  return redis
}

/** The fields of `INFO replication`. */
const replication = (info: string): Record<string, string> =>
  Object.fromEntries(info.split('\r\n').map((line) => line.split(':') as [string, string]))

/** Whether the standby has everything that the primary has acknowledged. */
async function isInSync(primary: Redis, standby: Redis): Promise<boolean> {
  const from = replication(await primary.info('replication'))
  const to = replication(await standby.info('replication'))
  return to.master_link_status === 'up' && to.slave_repl_offset === from.master_repl_offset
}

async function switchRedis(from: Redis, to: Redis, toPort: number, onPromoted: () => void): Promise<void> {
  await from.client('PAUSE', PAUSE_WRITES_MS, 'WRITE')
  try {
    await until(() => isInSync(from, to), 'the replica to catch up')
    await to.replicaof('NO', 'ONE')
    onPromoted()
    // Its open connections stay, and every write over them fails with READONLY.
    await from.replicaof('127.0.0.1', toPort)
  } finally {
    await from.client('UNPAUSE')
  }
}

/** The directories with the programs for a standby; the packages from npm lack them. */
const standbyDirectories = (): string[] =>
  postgresDirectories().filter((directory) => existsSync(join(directory, 'pg_basebackup')))

/** Why no standby of PostgreSQL can be made on this machine; undefined: one can. */
export const standbyUnsupported = (): string | undefined =>
  standbyDirectories().length > 0 ? undefined : 'pg_basebackup is missing'

/** Starts a hot standby of the primary, and waits until it streams. */
export async function startPostgresStandby(
  dataDir: DataDir,
  primary: Service & { url: string },
): Promise<Standby> {
  const primaryData = join(dataDir.path, 'postgres')
  const version = Number(readFileSync(join(primaryData, 'PG_VERSION'), 'utf8'))
  const programs = findPostgres(dataDir, version, standbyDirectories())
  const port = await stablePort()
  const primaryPort = Number(new URL(primary.url).port)
  const url = primary.url.replace(`:${primaryPort}/`, `:${port}/`)
  rmSync(join(dataDir.path, 'postgres-standby'), { recursive: true, force: true })
  const data = makeServiceDir(dataDir, 'postgres-standby')
  const source = ['-h', '127.0.0.1', '-p', String(primaryPort), '-U', 'postgres']
  await promisify(execFile)(
    join(programs, 'pg_basebackup'),
    ['-D', data, ...source, '-R', '-X', 'stream', '-c', 'fast'],
    { cwd: dataDir.path, env: serviceEnv(dataDir.path), ...dataDir.account },
  )
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '400',
    wal_keep_size: '256MB',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const running = await launch(dataDir, {
    name: 'postgres-standby',
    signal: 'INT', // the fast shutdown, which sends its standby everything first
    command: [join(programs, 'postgres'), '-D', data, ...flags],
    cwd: data,
    isReady: () => streams(primary.url).catch(() => false),
  })

  /** Makes the stopped primary follow the standby at its next start. */
  const demote = (): void => {
    const conninfo = `primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres'\n`
    appendFileSync(join(primaryData, 'postgresql.auto.conf'), conninfo)
    const signal = join(primaryData, 'standby.signal')
    writeFileSync(signal, '')
    if (dataDir.account) chownSync(signal, dataDir.account.uid, dataDir.account.gid)
  }

  let tookOver = false
  let stopped = false
  const stop = async (): Promise<void> => {
    if (!stopped) await running.stop()
    stopped = true
  }
  return {
    port,
    switchOver: async (onPromoted) => {
      primary.kill('SIGINT')
      await primary.ended()
      demote()
      await promote(url)
      tookOver = true
      onPromoted()
      await primary.start()
    },
    switchBack: async (onPromoted) => {
      if (!primary.running) await primary.start()
      if (!existsSync(join(primaryData, 'standby.signal'))) return
      if (tookOver) await until(() => streams(url), 'the former primary to follow')
      await stop()
      await promote(primary.url)
      onPromoted()
    },
    close: async () => {
      await stop()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

/** Whether a standby streams from this primary: a fast shutdown then sends it everything that is left. */
const streams = (url: string): Promise<boolean> =>
  withAdmin(url, async (sql) => {
    const rows = await sql`select from pg_stat_replication where state = 'streaming'`
    return rows.length > 0
  })

const promote = (url: string): Promise<void> =>
  withAdmin(url, async (sql) => {
    await sql`select pg_promote(true, 30)`
  })

async function withAdmin<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return await run(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
