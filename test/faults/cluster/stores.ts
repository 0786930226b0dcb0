import { chownSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import type { DataDir } from '../../../scripts/services/data-dir.ts'
import type { Service as Launched } from '../../../scripts/services/supervise.ts'
import { startPostgres } from '../../../scripts/services/postgres.ts'
import { startRedis } from '../../../scripts/services/redis.ts'
import { childrenOf, signalTo } from './processes.ts'
import { startPostgresStandby, startRedisStandby } from './standbys.ts'
import type { PostgresService, RedisService, Service } from './types.ts'

/** A store with what only the cluster uses. */
export type Store<T extends Service> = T & { url: string; close(): Promise<void> }

/** PostgreSQL, as durable as in production: fsync, and synchronous_commit by default. */
export async function createPostgres(dataDir: DataDir, port: number): Promise<Store<PostgresService>> {
  const store = await createStore(() => startPostgres(dataDir, { port }), answersSelect)
  const { kill } = store
  return Object.assign(store, {
    startStandby: () => startPostgresStandby(dataDir, store),
    kill: (signal: NodeJS.Signals) => {
      // The postmaster first, so that it starts no more; each backend has a session of its own.
      kill(signal)
      if (signal === 'SIGSTOP' || signal === 'SIGCONT')
        childrenOf(store.pid).forEach((child) => signalTo(child, signal))
    },
  })
}

/** Redis with its append-only file, synced every second. */
export async function createRedis(dataDir: DataDir, port: number): Promise<Store<RedisService>> {
  const store = await createStore(() => startRedis(dataDir, { port }), answersPing)
  const data = join(dataDir.path, 'redis')
  const copy = join(dataDir.path, 'redis.copy')

  const mustHaveEnded = (): void => {
    if (store.running) throw new Error('Redis still runs')
  }
  return Object.assign(store, {
    startStandby: () => startRedisStandby(dataDir, store.url),
    startEmpty: () => {
      mustHaveEnded()
      rmSync(data, { recursive: true })
      return store.start()
    },
    saveCopy: () => {
      rmSync(copy, { recursive: true, force: true })
      cpSync(data, copy, { recursive: true })
    },
    startFromCopy: () => {
      mustHaveEnded()
      if (existsSync(copy)) {
        rmSync(data, { recursive: true })
        cpSync(copy, data, { recursive: true })
        chownTo(dataDir, data)
      }
      return store.start()
    },
  })
}

async function createStore(
  launch: () => Promise<Launched>,
  waitUntilReady: (url: string) => Promise<void>,
): Promise<Store<Service>> {
  let running = true
  let launched = await launchReady()
  let starting: Promise<void> | undefined

  async function launchReady(): Promise<Launched> {
    const service = await launch()
    await waitUntilReady(service.url)
    running = true
    return service
  }
  async function start(): Promise<void> {
    if (running) return
    await launched.stop()
    launched = await launchReady()
  }
  return {
    url: launched.url,
    get pid() {
      return launched.pid
    },
    get running() {
      return running
    },
    kill: (signal) => {
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') running = false
      signalTo(launched.pid, signal)
    },
    start: () => (starting ??= start().finally(() => (starting = undefined))),
    ended: async () => {
      running = false
      // Its supervisor ends with it.
      await launched.stop()
    },
    close: async () => {
      signalTo(launched.pid, 'SIGCONT')
      childrenOf(launched.pid).forEach((child) => signalTo(child, 'SIGCONT'))
      await launched.stop()
    },
  }
}

async function answersSelect(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 30, onnotice: () => {} })
  await sql`select 1`.finally(() => sql.end())
}

async function answersPing(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true })
  await redis.connect()
  await redis.ping().finally(() => redis.disconnect())
}

function chownTo({ account }: DataDir, path: string): void {
  if (!account) return
  chownSync(path, account.uid, account.gid)
  for (const name of readdirSync(path, { recursive: true }) as string[])
    chownSync(join(path, name), account.uid, account.gid)
}
