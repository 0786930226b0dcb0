import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { openDataDir, removeDataDir } from '../../../scripts/services/data-dir.ts'
import { stablePort } from './ports.ts'
import { createLink } from './proxy.ts'
import { createRandom } from './random.ts'
import { commandFor, createServer, OWN_ROOT } from './servers.ts'
import { createPostgres, createRedis } from './stores.ts'
import type { Link, Server, FaultCluster, FaultClusterOptions } from './types.ts'

/** Short, so that everything expires within a run. */
const TIMES = { HOLD_SECONDS: '4', CLAIM_SECONDS: '3', ADMISSION_SECONDS: '10', ABSENCE_GRACE_SECONDS: '6' }

/** All buyers have one address, and are faster than people. */
const LIMITS = {
  RATE_JOINS_PER_USER: '100000',
  RATE_JOINS_PER_ADDRESS: '1000000',
  RATE_LEAVES_PER_USER: '100000',
  RATE_HOLDS_PER_USER: '100000',
  RATE_CANCELLATIONS_PER_USER: '100000',
  RATE_PAYMENTS_PER_USER: '100000',
  RATE_CHARGES_PER_USER: '100000',
}

/** Starts PostgreSQL, Redis, and servers, with a link on every connection. */
export async function startFaultCluster(options: FaultClusterOptions): Promise<FaultCluster> {
  const { directory, seed, onProgress = () => undefined } = options
  const random = createRandom(seed).fork('cluster')
  const closing: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const stop of closing.splice(0).reverse()) await stop()
  }

  try {
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o755) // root's services run as somebody else
    const root = copyProject(options.root ?? OWN_ROOT, join(directory, 'app'))
    closing.push(() => remove(root))
    const storesIn = join(directory, 'stores')
    rmSync(storesIn, { recursive: true, force: true })
    let isUp = false
    const dataDir = openDataDir(storesIn, { keepData: true, log: (line) => !isUp && onProgress(line) })
    closing.push(() => {
      removeDataDir(storesIn)
      return Promise.resolve()
    })

    const postgres = await createPostgres(dataDir, await stablePort())
    closing.push(() => postgres.close())
    const redis = await createRedis(dataDir, await stablePort())
    closing.push(() => redis.close())
    migrate(root, postgres.url)

    const link = async (name: string, target: number): Promise<Link> => {
      const made = await createLink({ name, port: await stablePort(), target, random: random.fork(name) })
      closing.push(() => made.close())
      return made
    }
    const links: FaultCluster['links'] = { client: [], database: [], redis: [] }
    const env = environment(random.fork('secrets').next(), options.env)
    const servers: Server[] = []
    for (let index = 0; index < options.servers; index++) {
      const port = await stablePort()
      const logFile = join(directory, `server-${index}.log`)
      rmSync(logFile, { force: true })
      const client = await link(`client ${index}`, port)
      const database = await link(`database ${index}`, Number(new URL(postgres.url).port))
      const queue = await link(`redis ${index}`, Number(new URL(redis.url).port))
      links.client.push(client)
      links.database.push(database)
      links.redis.push(queue)
      servers.push(
        createServer({
          index,
          root,
          port,
          clientPort: client.port,
          logFile,
          env: {
            ...env,
            PORT: String(port),
            DATABASE_URL: movedTo(postgres.url, database.port),
            REDIS_URL: movedTo(redis.url, queue.port),
          },
        }),
      )
    }
    closing.push(async () => {
      await Promise.all(servers.map((server) => server.stop()))
    })
    onProgress(`starting ${servers.length} servers …`)
    await Promise.all(servers.map((server) => server.start()))
    isUp = true

    const redisPrefix = env.REDIS_PREFIX ?? ''
    return {
      servers,
      env,
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      redisPrefix,
      links,
      postgres,
      redis,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Servers restart during a run: from a copy, so that the original may change meanwhile. */
function copyProject(root: string, copy: string): string {
  rmSync(copy, { recursive: true, force: true })
  for (const name of ['src', 'drizzle', 'package.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(OWN_ROOT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

function remove(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true })
  return Promise.resolve()
}

function environment(chance: number, overrides: Record<string, string> = {}): Record<string, string> {
  const secret = (name: string): string => `${name} ${chance} that is long enough`
  return {
    AUTH_SECRET: secret('an access secret'),
    TICKET_SECRETS: secret('a ticket secret'),
    REDIS_PREFIX: 'faults',
    LOG_LEVEL: 'warn',
    DRAIN_SECONDS: '0',
    ...TIMES,
    ...LIMITS,
    ...overrides,
  }
}

function migrate(root: string, databaseUrl: string): void {
  const [program = '', ...args] = commandFor(root, 'migrate')
  const env = { PATH: process.env.PATH, DATABASE_URL: databaseUrl }
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`The migration failed:\n${stdout}${stderr}`)
}

function movedTo(url: string, port: number): string {
  const moved = new URL(url)
  moved.port = String(port)
  return moved.href
}
