import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const APT = '/usr/bin/apt-get'
const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Installs a package where we may: as root on Debian or Ubuntu. Returns whether it did. The daemon that
 * comes with the package is not started (policy-rc.d exits 101: "not allowed"); we start one of our own.
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

/** Runs apt-get; what it prints is shown only when it fails. */
function apt(args: string[]): boolean {
  // dpkg looks for its helpers on PATH, which may be stripped.
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync(APT, args, { env, encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')} failed:\n${stdout}${stderr}\n`)
  return status === 0
}
