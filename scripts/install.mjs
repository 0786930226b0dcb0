import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

/**
 * Installs the dependencies if they are missing or older than package-lock.json. Uses nothing but Node, and
 * ends the process with a sentence when it cannot.
 */
export function installIfNeeded() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 11)) {
    fail(`Stagedoor needs Node 20.11 or newer; this is ${process.version}.`)
  }
  if (isInstalled()) return
  console.log('· installing the dependencies (npm ci); the first time takes a minute …')
  const { status, signal } = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  if (signal || status === 130) process.exit(130)
  if (status !== 0) fail('The dependencies could not be installed: what npm says above is the reason.')
}

/** npm writes its own copy of the lock file last: an installation that was interrupted has none. */
function isInstalled() {
  const installed = 'node_modules/.package-lock.json'
  // `npm install` writes both in one go, in no fixed order.
  return (
    existsSync('node_modules/tsx') &&
    existsSync(installed) &&
    statSync(installed).mtimeMs > statSync('package-lock.json').mtimeMs - 10_000
  )
}

/** Runs the npm that runs us, or the one on PATH. */
function npm(args) {
  const script = process.env.npm_execpath
  return script?.endsWith('.js')
    ? spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' })
    : spawnSync('npm', args, { stdio: 'inherit' })
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
