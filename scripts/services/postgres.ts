import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from './apt.ts'
import { embeddedPostgres } from './embedded.ts'
import { isProgram, postgresDirectories } from './find.ts'
import { makeServiceDir, type DataDir } from './data-dir.ts'
import { launch, serviceEnv, type Service } from './supervise.ts'
import { freePort } from './ports.ts'
import { UserError } from './user-error.ts'

const MIN_VERSION = 15

const MISSING = `PostgreSQL is missing: there is no version ${MIN_VERSION} or newer on this machine. Any of these helps:
  1. install it: sudo apt-get install postgresql, or brew install postgresql@18
  2. npm ci, which brings one for most platforms (unless optional packages are left out)
  3. for npm run dev, use one that runs elsewhere: DATABASE_URL=postgres://user@host/name npm run dev`

/**
 * The directory with `postgres` and `initdb`, of the wanted major version or of any supported one. Installs PostgreSQL on
 * Debian as root if there is none. @throws UserError if there still is none
 */
export function findPostgres(
  dataDir: DataDir,
  wanted?: number,
  directories: Iterable<string> = everyDirectory(dataDir),
  install = installPackage,
): string {
  const found = findSuitable(dataDir, wanted, directories)
  if (found) return found
  if (wanted !== undefined) {
    throw new UserError(
      `The data in ${dataDir.path} was made by PostgreSQL ${wanted}, which is not on this machine. ` +
        'Install that version, or delete the data to start afresh.',
    )
  }
  const installed = install('postgresql', dataDir.log) && findSuitable(dataDir, wanted, postgresDirectories())
  if (installed) return installed
  throw new UserError(MISSING)
}

/** Those of the machine first; those from npm are prepared only if they are needed. */
function* everyDirectory(dataDir: DataDir): Generator<string> {
  yield* postgresDirectories()
  const embedded = embeddedPostgres(dataDir)
  if (embedded) yield embedded
}

function findSuitable(
  dataDir: DataDir,
  wanted: number | undefined,
  directories: Iterable<string>,
): string | undefined {
  for (const directory of directories) {
    const version = majorVersion(directory, dataDir)
    if (version !== undefined && (wanted === undefined ? version >= MIN_VERSION : version === wanted))
      return directory
  }
  return undefined
}

/** The major version of the programs in a directory; undefined unless the account can run both. */
function majorVersion(directory: string, dataDir: DataDir): number | undefined {
  const initdb = join(directory, 'initdb')
  if (!isProgram(initdb) || !isProgram(join(directory, 'postgres'))) return undefined
  const options = {
    cwd: dataDir.path,
    env: serviceEnv(dataDir.path),
    encoding: 'utf8',
    ...dataDir.account,
  } as const
  const version = /\) (\d+)/.exec(spawnSync(initdb, ['--version'], options).stdout)?.[1]
  return version ? Number(version) : undefined
}

/**
 * Starts a private PostgreSQL on 127.0.0.1 with a database `stagedoor`, and creates both if missing. Without `keepData` it
 * does not flush to disk.
 * @param options.port by default, a free one
 * @param options.directories for its programs
 */
export async function startPostgres(
  dataDir: DataDir,
  { port, directories }: { port?: number; directories?: Iterable<string> } = {},
): Promise<Service> {
  const data = join(dataDir.path, 'postgres')
  const wanted = existsSync(data) ? Number(readFileSync(join(data, 'PG_VERSION'), 'utf8')) : undefined
  const programs = findPostgres(dataDir, wanted, directories)
  dataDir.log(`starting PostgreSQL (${programs}) …`)
  if (wanted === undefined) makeCluster(dataDir, programs, data)

  const at = port ?? (await freePort())
  const settings = {
    port: String(at),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '400',
    fsync: dataDir.keepData ? 'on' : 'off',
    full_page_writes: dataDir.keepData ? 'on' : 'off',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(programs, 'postgres'), '-D', data, ...flags]
  const running = await launch(dataDir, {
    name: 'postgres',
    signal: 'INT', // the fast shutdown, which does not wait for clients
    // The immediate shutdown. After SIGKILL its children may live on, and the next server refuses to start.
    forceSignal: 'SIGQUIT',
    command,
    cwd: data,
    isReady: () => isReady(data, at),
  })
  return { ...running, port: at, url: `postgres://postgres@127.0.0.1:${at}/stagedoor` }
}

/** Makes the cluster under another name and moves it when it is complete, so that an interrupted one is never used. */
function makeCluster(dataDir: DataDir, programs: string, data: string): void {
  rmSync(`${data}.unfinished`, { recursive: true, force: true })
  const cwd = makeServiceDir(dataDir, 'postgres.unfinished')
  const run = (program: string, args: string[], input?: string) => {
    const options = { cwd, env: serviceEnv(cwd), encoding: 'utf8', input, ...dataDir.account } as const
    const { status, stdout, stderr } = spawnSync(join(programs, program), args, options)
    if (status !== 0) throw new UserError(`${program} failed:\n${stdout}${stderr}`)
  }
  const sync = dataDir.keepData ? [] : ['--no-sync']
  run('initdb', ['-D', cwd, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', ...sync])
  run('postgres', ['--single', '-D', cwd, 'template1'], 'create database stagedoor\n')
  renameSync(cwd, data)
}

/** The eighth line of postmaster.pid is the state of the server, the fourth its port (see pg_ctl.c). */
function isReady(data: string, port: number): boolean {
  const file = join(data, 'postmaster.pid')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines[3] === String(port) && ['ready', 'standby'].includes(lines[7]?.trim() ?? '')
}
