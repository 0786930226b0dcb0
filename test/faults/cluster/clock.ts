import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from '../../../scripts/services/apt.ts'

const LIBRARY = 'faketime/libfaketime.so.1'

function libfaketime(): string | undefined {
  const directories = ['/usr/lib', '/usr/local/lib', '/usr/lib64']
  const multiarch = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((name) => name.includes('-linux-'))
    : []
  return [...multiarch.map((name) => join('/usr/lib', name)), ...directories]
    .map((directory) => join(directory, LIBRARY))
    .find((path) => existsSync(path))
}

/** Installs libfaketime on Debian as root. @returns why a process cannot have another clock; undefined: it can */
export function clockOffsetUnsupported(log: (line: string) => void): string | undefined {
  if (process.platform !== 'linux') return 'libfaketime is used on Linux only'
  if (libfaketime() ?? (installPackage('faketime', log) ? libfaketime() : undefined)) return undefined
  return 'libfaketime is missing: sudo apt-get install faketime'
}

/** Environment variables that shift the clock of a process by `offset`, and leave its timers alone. */
export function clockOffsetEnv(offset: string): Record<string, string> {
  const library = libfaketime()
  if (!library) throw new Error('libfaketime is missing')
  return { LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' }
}
