import { connect } from 'node:net'
import { installPackage } from './apt.ts'
import { findProgram, programDirectories } from './find.ts'
import { makeServiceDir, type DataDir } from './data-dir.ts'
import { launch, type Service } from './supervise.ts'
import { freePort } from './ports.ts'
import { UserError } from './user-error.ts'

const NAMES = ['redis-server', 'valkey-server']

const MISSING = `Redis is missing: there is no redis-server or valkey-server on this machine. Any of these helps:
  1. install it: sudo apt-get install redis-server, or brew install redis
  2. build or unpack it anywhere, and add its directory to PATH
  3. for npm run dev, use one that runs elsewhere: REDIS_URL=redis://host:6379 npm run dev`

/** The path of redis-server, which is installed on Debian as root. @throws UserError if there is none */
export function findRedis(
  log: DataDir['log'],
  directories = programDirectories(),
  install = installPackage,
): string {
  const found = findProgram(NAMES, directories)
  if (found) return found
  if (install('redis-server', log)) {
    const installed = findProgram(NAMES, directories)
    if (installed) return installed
  }
  throw new UserError(MISSING)
}

/**
 * Starts a private Redis on 127.0.0.1. With `keepData` it has an append-only file; without, it writes nothing to disk.
 * @param options.port by default, a free one
 */
export async function startRedis(dataDir: DataDir, { port }: { port?: number } = {}): Promise<Service> {
  const program = findRedis(dataDir.log)
  dataDir.log(`starting Redis (${program}) …`)
  const at = port ?? (await freePort())
  const cwd = makeServiceDir(dataDir, 'redis')
  const settings = {
    bind: '127.0.0.1',
    port: String(at),
    dir: cwd,
    save: '',
    appendonly: dataDir.keepData ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  }
  const command = [program, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])]
  const running = await launch(dataDir, {
    name: 'redis',
    signal: 'TERM',
    command,
    cwd,
    isReady: () => respondsToPing(at),
  })
  return { ...running, port: at, url: `redis://127.0.0.1:${at}` }
}

/** Whether a Redis on this port answers PONG; while it loads its data it answers LOADING. */
function respondsToPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => done(false))
    socket.on('data', (data) => done(data.toString().startsWith('+PONG')))
    socket.on('error', () => done(false))
  })
}
