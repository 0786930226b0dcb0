import { join } from 'node:path'
import { openDataDir, removeDataDir } from './data-dir.ts'
import type { Service } from './supervise.ts'
import { acquireLock } from './process-file.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

export interface Services {
  databaseUrl: string
  redisUrl: string
  /** Stops those that were started here, and without `keepData` removes their files. */
  stop: () => Promise<void>
}

interface Options {
  /** For their files; one process at a time. */
  directory: string
  keepData: boolean
  /** Services that run elsewhere, to use instead. */
  external?: { databaseUrl: string | undefined; redisUrl: string | undefined }
  log?: (line: string) => void
}

/**
 * Finds or starts PostgreSQL and Redis. Those that were started end with this process, even when that is killed.
 * @throws UserError with what to do
 */
export async function startServices({
  directory,
  keepData,
  external,
  log = () => {},
}: Options): Promise<Services> {
  if (external?.databaseUrl && external.redisUrl) {
    return { databaseUrl: external.databaseUrl, redisUrl: external.redisUrl, stop: () => Promise.resolve() }
  }
  const dataDir = openDataDir(directory, { keepData, log })
  const releaseLock = acquireLock(join(directory, 'lock'), directory)
  const started: Service[] = []
  const stop = async () => {
    await Promise.all(started.map((service) => service.stop()))
    releaseLock()
    if (!keepData) removeDataDir(directory)
  }
  const start = async (begin: typeof startRedis) => {
    const service = await begin(dataDir)
    started.push(service)
    return service.url
  }
  try {
    const redisUrl = external?.redisUrl || (await start(startRedis))
    const databaseUrl = external?.databaseUrl || (await start(startPostgres))
    return { databaseUrl, redisUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
