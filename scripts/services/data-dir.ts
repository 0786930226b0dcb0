import { createHash } from 'node:crypto'
import { chownSync, existsSync, lstatSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { canReach, serviceAccount, type Account } from './account.ts'
import { UserError } from './user-error.ts'

/** Where services keep their files, and how. */
export interface DataDir {
  path: string
  /** Whom the services run as; undefined is whoever we are. */
  account: Account | undefined
  /** Survive a power cut, and be there at the next start. */
  keepData: boolean
  /** Tells the person at the keyboard what takes its time. */
  log: (line: string) => void
}

/**
 * The home of the services of `directory`: the directory itself, if the account they run as can get there.
 * If not (root's checkout in /root), `/var/tmp/stagedoor-<hash of the directory>`, to which the link
 * `services` in the directory points. Deleting the directory is starting afresh, wherever the home is.
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
  // Everybody may write to /var/tmp: what stands there under this name has to be ours.
  const { uid } = lstatSync(path)
  if (uid !== process.getuid?.()) throw new UserError(`${path} belongs to somebody else (user id ${uid}).`)
  return { path, account, keepData, log }
}

/** Removes a directory and, where that is elsewhere, the home of its services. */
export function removeDataDir(directory: string): void {
  const link = join(directory, 'services')
  if (existsSync(link)) rmSync(realpathSync(link), { recursive: true })
  rmSync(directory, { recursive: true, force: true })
}

/** Makes a directory in the home that the services' account owns. Returns its path. */
export function makeServiceDir(dataDir: DataDir, name: string): string {
  const path = join(dataDir.path, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (dataDir.account) chownSync(path, dataDir.account.uid, dataDir.account.gid)
  return path
}
