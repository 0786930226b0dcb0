/** The dress rehearsal as operators start it, against a server process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectInvariants } from '../support/invariants.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'

let cluster: Cluster
let server: ServerProcess
let operatorToken: string
const directory = mkdtempSync(join(tmpdir(), 'stagedoor-rehearse-'))

beforeAll(async () => {
  cluster = await startCluster()
  server = await cluster.start()
  operatorToken = (await cluster.user('operator')).accessToken
})
afterAll(async () => {
  await cluster.stop()
  rmSync(directory, { recursive: true })
})

/** @returns the process, and how it ended: its exit code and all that it said */
function rehearse(options: Record<string, string | number>) {
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'load-test/main.ts', `--url=${new URL(server.url).origin}`, ...given],
    { env: { ...process.env, OPERATOR_TOKEN: operatorToken }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]) => ({ code: code as number, said: out + err }),
  )
  return { child, ended }
}

test('sixty buyers want twenty seats: sold out, every promise kept, and a picture of it', async () => {
  const picture = join(directory, 'sale.svg')
  const { code, said } = await rehearse({
    buyers: 60,
    seats: 20,
    capacity: 10,
    arrive: 1,
    think: 0.05,
    'give-up': 0,
    picture,
  }).ended

  expect(said).toContain('20 of 20 seats sold')
  for (const name of ['oversold', 'overtaken', 'overshoot', 'lost']) {
    expect(said).toMatch(new RegExp(`✓ ${name} +0`))
  }
  expect(said).not.toContain('got nothing but errors')
  expect(said).not.toContain('MaxListeners')
  expect(code).toBe(0)

  const { sql } = cluster.database
  const [row] = await sql`select count(*)::int as sold from seat_claims where released_at is null`
  expect(row).toEqual({ sold: 20 })
  await expectInvariants(sql)

  const drawn = readFileSync(picture, 'utf8')
  expect(drawn.match(/<polyline [^>]*points="[\d., ]+"/g)).toHaveLength(3)
  expect(drawn).toContain('capacity 10')
  expect(drawn).toContain('prefers-color-scheme: dark')
})

test('told to stop, it says how far it came', async () => {
  const { child, ended } = rehearse({
    buyers: 30,
    seats: 50,
    capacity: 1,
    think: 30,
    arrive: 0,
    picture: join(directory, 'stopped.svg'),
  })
  const { sql } = cluster.database
  const someoneLookedAround = async () =>
    (await sql`select 1 from concerts where queue_capacity = 1 and queue_number_watermark > 0`).length > 0
  while (!(await someoneLookedAround())) await sleep(50)
  child.kill('SIGINT')
  const { code, said } = await ended
  expect(said).toContain('The sale was cut short')
  expect(code).toBe(130)
})

test.each([
  ['a token that is not an operator’s', { 'operator-token': 'nonsense' }, 'createConcert: UNAUTHENTICATED'],
  ['an option that makes no sense', { buyers: 'many' }, '--buyers'],
])('%s: there is no rehearsal, and it says why', async (_, options, words) => {
  const { code, said } = await rehearse({ ...options, picture: join(directory, 'none.svg') }).ended
  expect(said).toContain(words)
  expect(code).toBe(2)
})
