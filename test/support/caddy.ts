/** Caddy with deploy/Caddyfile. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installPackage } from '../../scripts/services/apt.ts'
import { findProgram, programDirectories } from '../../scripts/services/find.ts'

const find = (): string | undefined => findProgram(['caddy'], programDirectories())

/** The path of Caddy, which is installed where that is allowed. Undefined: there is none. @throws in CI */
export function findCaddy(): string | undefined {
  const found = find() ?? (installPackage('caddy', console.log) ? find() : undefined)
  if (found !== undefined) return found
  const message = 'The tests of deploy/Caddyfile need Caddy: install it so that `caddy` is on the PATH.'
  if (process.env['CI']) throw new Error(message)
  console.warn(`SKIPPED: ${message}`)
  return undefined
}

export interface Caddy {
  stop: () => Promise<void>
}

interface Changes {
  listenAt: string
  /** The name and port of the servers, and the name server's address. */
  servers: string
  resolver: string
}

/** deploy/Caddyfile with another address and other servers. */
export function shippedCaddyfile({ listenAt, servers, resolver }: Changes): string {
  const shipped = readFileSync('deploy/Caddyfile', 'utf8')
  const replace = (text: string, pattern: RegExp, replacement: string): string => {
    if (!pattern.test(text)) throw new Error(`deploy/Caddyfile has no ${pattern.source}`)
    return text.replace(pattern, replacement)
  }
  const changes: [RegExp, string][] = [
    [/^:80 \{/m, `${listenAt} {`],
    [/reverse_proxy server:4000 \{/, `reverse_proxy ${servers} {`],
    [/transport http \{/, `transport http {\n\t\t\tresolvers ${resolver}`],
  ]
  return changes.reduce((text, [pattern, replacement]) => replace(text, pattern, replacement), shipped)
}

/** Resolves when it listens on all `ports`. */
export async function startCaddy(program: string, caddyfile: string, ports: number[]): Promise<Caddy> {
  const home = mkdtempSync(join(tmpdir(), 'stagedoor-caddy-'))
  const config = join(home, 'Caddyfile')
  writeFileSync(config, caddyfile)
  const child: ChildProcess = spawn(program, ['run', '--config', config, '--adapter', 'caddyfile'], {
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr?.on('data', (data: Buffer) => (log += data.toString()))
  const exited = once(child, 'exit')
  for (const port of ports)
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error(`Caddy ended:\n${log}`)
      await sleep(20)
    }
  return {
    stop: async () => {
      child.kill('SIGTERM')
      await exited
      rmSync(home, { recursive: true, force: true })
    },
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    }).on('error', () => resolve(false))
  })
