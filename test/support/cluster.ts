/** Servers as in production: processes of their own, on the same stores. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import type { Role } from '../../src/domain/users.ts'
import { createClient, type Client } from './client.ts'
import { createDatabase, type TestDatabase } from './database.ts'
import { createUser, secret, type TestUser } from './server.ts'

export interface ServerProcess {
  url: string
  /** Its log so far, line by line. */
  log: string[]
  /** Sends SIGKILL, as a crash. */
  kill(): Promise<unknown>
  /** Sends SIGTERM, as an orchestrator does. Resolves to its exit code. */
  stop(): Promise<number | null>
}

/** @param env all settings: see readConfig */
async function startProcess(env: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'info', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const log: string[] = []
  const listening = new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      log.push(line)
      const { msg, port } = JSON.parse(line) as { msg: string; port?: number }
      if (msg === 'listening' && port !== undefined) resolve(port)
    })
    void ended.then(([code]) => reject(new Error(`the server ended with ${code} before it listened`)))
  })
  const url = `http://${env['HOST'] ?? '127.0.0.1'}:${await listening}/graphql`
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const [code] = await ended
    return code
  }
  return { url, log, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

export interface Cluster {
  database: TestDatabase
  prefix: string
  /** Starts one more server. @param overrides of the common settings */
  start(overrides?: Record<string, string>): Promise<ServerProcess>
  /** A new user of the first server; for another one see clientOf. */
  user(role?: Role): Promise<TestUser>
  clientOf(server: ServerProcess, user: TestUser): Client
  stop(): Promise<void>
}

type Settings = Record<string, string>

/** @param settings of every server; they may depend on the database */
export async function startCluster(
  settings: Settings | ((database: TestDatabase) => Settings) = {},
): Promise<Cluster> {
  const database = await createDatabase()
  const prefix = `test:${randomUUID()}`
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: prefix,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    DRAIN_SECONDS: '0',
    ...(typeof settings === 'function' ? settings(database) : settings),
  }
  const servers: ServerProcess[] = []
  const start = async (overrides: Record<string, string> = {}) => {
    const server = await startProcess({ ...env, ...overrides })
    servers.push(server)
    return server
  }
  return {
    database,
    prefix,
    start,
    user: (role) => {
      const [first] = servers
      if (!first) throw new Error('start a server first')
      return createUser(first.url, role)
    },
    clientOf: (server, { accessToken }) => createClient(server.url, { accessToken }),
    stop: async () => {
      await Promise.all(servers.map((server) => server.kill()))
      await database.drop()
    },
  }
}
