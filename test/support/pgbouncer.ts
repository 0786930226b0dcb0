/** A PgBouncer in transaction mode in front of the PostgreSQL of the tests. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import postgres from 'postgres'
import { inject } from 'vitest'
import { installPackage } from '../../scripts/services/apt.ts'
import { findProgram, programDirectories } from '../../scripts/services/find.ts'
import { freePort } from '../../scripts/services/ports.ts'
import { eventually } from './eventually.ts'

export interface PgBouncer {
  /** The URL of the same database through PgBouncer. */
  urlOf(databaseUrl: string): string
  stop(): Promise<void>
}

/** @param sessions of PostgreSQL for each database, which the clients share */
export async function startPgBouncer(sessions: number): Promise<PgBouncer> {
  const find = () => findProgram(['pgbouncer'], programDirectories())
  const program = find() ?? (installPackage('pgbouncer', console.log) ? find() : undefined)
  if (program === undefined) throw new Error('PgBouncer is missing: install the package pgbouncer')
  const { hostname, port: target, username, password } = new URL(inject('databaseUrl'))
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-pgbouncer-'))
  chmodSync(directory, 0o755)
  writeFileSync(join(directory, 'users.txt'), `"${username}" "${password}"\n`)
  const file = join(directory, 'pgbouncer.ini')
  // The defaults, except for the mode.
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${target || '5432'} user=${username}${password ? ` password=${password}` : ''}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${join(directory, 'users.txt')}
pool_mode = transaction
default_pool_size = ${sessions}
`,
  )
  // It refuses to run as root.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn(program, [file], { stdio: 'ignore', ...nobody })
  const ended = once(child, 'exit')
  const urlOf = (databaseUrl: string): string => {
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${port}`
    return url.href
  }
  // Not the database that tests clone: a session on it would block that.
  const ready = new URL(urlOf(inject('databaseUrl')))
  ready.pathname = '/postgres'
  const sql = postgres(ready.href, { max: 1, prepare: false, fetch_types: false })
  await eventually(() => sql`select 1`)
  await sql.end()
  return {
    urlOf,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(directory, { recursive: true })
    },
  }
}
