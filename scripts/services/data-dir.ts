import { createHash } from 'node:crypto'
import { chownSync, existsSync, lstatSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { canReach, serviceAccount, type Account } from './account.ts'
import { UserError } from './user-error.ts'

/** Where services keep their files, and how. */
export interface DataDir {
  path: string
  /** The user that the services run as; undefined: the present one. */
  account: Account | undefined
  /** Whether the data survives a power cut, and is there at the next start. */
  keepData: boolean
  /** Reports steps that take a while. */
  log: (line: string) => void
}

/**
 * The data directory of the services: `directory` itself, if their account can reach it. If not (root's checkout in /root),
 * `/var/tmp/stagedoor-<hash of the directory>`, to which the link `services` in the directory points. Deleting the directory
 * deletes the data in both cases.
 */
export function openDataDir(
  directory: string,
  { keepData, log }: Pick<DataDir, 'keepData' | 'log'>,
  account = serviceAccount(),
): DataDir {
  mkdirSync(directory, { recursive: true })
  const real = realpathSync(directory)
  if (!account || canReach(real, account)) return { path: real, account, keepData, log }

  const path = join('/var/tmp', `stagedoor-${createHash('sha256').update(real).digest('hex').slice(0, 12)}`)
  const link = join(real, 'services')
  if (!existsSync(link)) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { mode: 0o755 })
    rmSync(link, { force: true })
    symlinkSync(path, link)
  }
  // Every user may write to /var/tmp: another user may have created this name.
  const { uid } = lstatSync(path)
  if (uid !== process.getuid?.()) throw new UserError(`${path} belongs to another user (user id ${uid}).`)
  return { path, account, keepData, log }
}

/** Removes a directory and, if that is elsewhere, the data directory of its services. */
export function removeDataDir(directory: string): void {
  const link = join(directory, 'services')
  if (existsSync(link)) rmSync(realpathSync(link), { recursive: true })
  rmSync(directory, { recursive: true, force: true })
}

/** Makes a directory in the data directory that the services' account owns. Returns its path. */
export function makeServiceDir(dataDir: DataDir, name: string): string {
  const path = join(dataDir.path, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (dataDir.account) chownSync(path, dataDir.account.uid, dataDir.account.gid)
  return path
}
