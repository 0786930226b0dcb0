/** Redis servers as processes, for tests that kill, demote or misconfigure one. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { freePort } from '../../scripts/services/ports.ts'
import { findRedis } from '../../scripts/services/redis.ts'

export interface RedisServer {
  url: string
  port: number
  /** For its data. */
  directory: string
  /** A connection for the test itself. */
  admin: Redis
  /** Sends SIGKILL, as a crash. */
  kill(): Promise<void>
  /** Starts it again on the same port, with the data of its file, if it has one. */
  start(): Promise<void>
}

/** Starts a server that stops after the test. @param settings as on the command line, without the dashes */
export async function startRedisServer(settings: Record<string, string> = {}): Promise<RedisServer> {
  const program = findRedis(() => undefined)
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-redis-'))
  const url = `redis://127.0.0.1:${port}`
  const all = {
    bind: '127.0.0.1',
    port: String(port),
    dir: directory,
    save: '',
    'repl-diskless-sync-delay': '0',
    ...settings,
  }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  // Retries every command while the server restarts.
  const admin = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
  admin.on('error', () => undefined)
  let child: ChildProcess | undefined

  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const start = async (): Promise<void> => {
    child = spawn(program, args, { stdio: 'ignore' })
    await admin.ping()
  }
  onTestFinished(async () => {
    admin.disconnect()
    await kill()
    rmSync(directory, { recursive: true, force: true })
  })
  await start()
  return { url, port, directory, admin, kill, start }
}

/** Makes one the replica of another, and waits until it is in sync. */
export async function replicate(replica: RedisServer, primary: RedisServer): Promise<void> {
  await replica.admin.replicaof('127.0.0.1', primary.port)
  while (!(await replica.admin.info('replication')).includes('master_link_status:up'))
    await new Promise((resolve) => setTimeout(resolve, 10))
}
