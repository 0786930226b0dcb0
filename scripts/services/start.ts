import { join } from 'node:path'
import { openDataDir, removeDataDir } from './data-dir.ts'
import type { Service } from './supervise.ts'
import { acquireLock } from './process-file.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

/** A PostgreSQL and a Redis to use. */
export interface Services {
  databaseUrl: string
  redisUrl: string
  /** Stops those that were started here; without `keepData` their files go too. */
  stop: () => Promise<void>
}

interface Options {
  /** Where their files go; one process at a time. */
  directory: string
  keepData: boolean
  /** Services that run elsewhere, used in place of our own. */
  external?: { databaseUrl: string | undefined; redisUrl: string | undefined }
  log?: (line: string) => void
}

/**
 * Finds or starts PostgreSQL and Redis (docs: "Starting it"). What was started ends with this process, even
 * when that is killed. Throws UserError, whose message tells what to do, when one of them cannot be had.
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
  const giveBack = acquireLock(join(directory, 'owner'), directory)
  const started: Service[] = []
  const stop = async () => {
    await Promise.all(started.map((service) => service.stop()))
    giveBack()
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
