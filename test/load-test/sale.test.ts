/** npm run load-test, against a server process. */
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
const directory = mkdtempSync(join(tmpdir(), 'stagedoor-load-test-'))

beforeAll(async () => {
  cluster = await startCluster()
  server = await cluster.start()
  operatorToken = (await cluster.user('operator')).accessToken
})
afterAll(async () => {
  await cluster.stop()
  rmSync(directory, { recursive: true })
})

/** @returns the process, and its exit code and output once it has ended */
function startLoadTest(options: Record<string, string | number>) {
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'load-test/main.ts', `--url=${new URL(server.url).origin}`, ...given],
    { env: { ...process.env, OPERATOR_TOKEN: operatorToken }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]) => ({ code: code as number, output: out + err }),
  )
  return { child, ended }
}

test('sixty buyers and twenty seats: sold out, all checks passed, and a chart is drawn', async () => {
  const chart = join(directory, 'sale.svg')
  const { code, output } = await startLoadTest({
    buyers: 60,
    seats: 20,
    capacity: 10,
    arrive: 1,
    think: 0.05,
    'give-up': 0,
    chart,
  }).ended

  expect(output).toContain('20 of 20 seats sold')
  for (const name of ['oversold', 'overtaken', 'overshoot', 'lost']) {
    expect(output).toMatch(new RegExp(`✓ ${name} +0`))
  }
  expect(output).not.toContain('failed with errors')
  expect(output).not.toContain('MaxListeners')
  expect(code).toBe(0)

  const { sql } = cluster.database
  const [row] = await sql`select count(*)::int as sold from seat_claims where released_at is null`
  expect(row).toEqual({ sold: 20 })
  await expectInvariants(sql)

  const drawn = readFileSync(chart, 'utf8')
  expect(drawn.match(/<polyline [^>]*points="[\d., ]+"/g)).toHaveLength(3)
  expect(drawn).toContain('capacity 10')
  expect(drawn).toContain('prefers-color-scheme: dark')
})

test('interrupted, it reports what was observed until then', async () => {
  const { child, ended } = startLoadTest({
    buyers: 30,
    seats: 50,
    capacity: 1,
    think: 30,
    arrive: 0,
    chart: join(directory, 'stopped.svg'),
  })
  const { sql } = cluster.database
  const somebodyJoined = async () =>
    (await sql`select 1 from concerts where queue_capacity = 1 and queue_number_watermark > 0`).length > 0
  while (!(await somebodyJoined())) await sleep(50)
  child.kill('SIGINT')
  const { code, output } = await ended
  expect(output).toContain('The sale was interrupted')
  expect(code).toBe(130)
})

test.each([
  ['an invalid operator token', { 'operator-token': 'nonsense' }, 'UNAUTHENTICATED'],
  ['an invalid option', { buyers: 'many' }, '--buyers'],
])('%s: the load test does not start, and the message says why', async (_, options, message) => {
  const { code, output } = await startLoadTest({ ...options, chart: join(directory, 'none.svg') }).ended
  expect(output).toContain(message)
  expect(code).toBe(2)
})
