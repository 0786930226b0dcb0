import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The usual directories, for when PATH is stripped. */
const USUAL = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin']

/** The directories of PATH, then the usual ones. */
export function programDirectories(path = process.env.PATH ?? ''): string[] {
  return [...path.split(delimiter).filter(Boolean), ...USUAL]
}

/** PATH, then Debian, Red Hat, Homebrew, a build from source and Postgres.app, the newest version first. */
export function postgresDirectories(path = process.env.PATH ?? ''): string[] {
  return [
    ...path.split(delimiter).filter(Boolean),
    ...versions('/usr/lib/postgresql', /^(\d+)$/),
    ...versions('/usr', /^pgsql-(\d+)$/),
    ...versions('/opt/homebrew/opt', /^postgresql@(\d+)$/),
    ...versions('/usr/local/opt', /^postgresql@(\d+)$/),
    '/usr/local/pgsql/bin',
    '/Applications/Postgres.app/Contents/Versions/latest/bin',
    ...USUAL,
  ]
}

/** `<parent>/<name>/bin` for the names the pattern takes, the highest number first. */
function versions(parent: string, pattern: RegExp): string[] {
  const found = listOf(parent).flatMap((name) => {
    const version = pattern.exec(name)?.[1]
    return version ? [{ version: Number(version), bin: join(parent, name, 'bin') }] : []
  })
  return found.sort((a, b) => b.version - a.version).map(({ bin }) => bin)
}

function listOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** The path of the first of these programs in the directories. */
export function findProgram(names: string[], directories: string[]): string | undefined {
  for (const directory of directories) {
    for (const name of names) {
      const path = join(directory, name)
      if (isProgram(path)) return path
    }
  }
  return undefined
}

/** Whether this is an executable file. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
