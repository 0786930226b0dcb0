import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const APT = '/usr/bin/apt-get'
const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Installs a package, as root on Debian or Ubuntu. Returns whether it did. The daemon of the package is not started:
 * policy-rc.d exits with 101, "not allowed".
 */
export function installPackage(name: string, log: (line: string) => void): boolean {
  if (process.getuid?.() !== 0 || !existsSync(APT)) return false
  log(`installing ${name} with apt-get (it is not on this machine) …`)
  const guarded = !existsSync(POLICY)
  if (guarded) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return apt(['update', '-q']) && apt(['install', '-y', '-q', '--no-install-recommends', name])
  } finally {
    if (guarded) rmSync(POLICY)
  }
}

/** Runs apt-get, and shows its output only when it fails. */
function apt(args: string[]): boolean {
  // dpkg looks for its helpers on PATH, which may be stripped.
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync(APT, args, { env, encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')} failed:\n${stdout}${stderr}\n`)
  return status === 0
}
