/** What Prometheus and Grafana are told to look at is there to be seen. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startServer, type TestServer } from '../support/server.ts'
import { scrape } from './scrape.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/operations.md')

interface Alerts {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[]
}
interface Dashboard {
  panels: {
    title: string
    gridPos: { x: number; y: number; w: number; h: number }
    targets?: { expr: string }[]
  }[]
}
const alerts = (parse(read('deploy/prometheus/alerts.yml')) as Alerts).groups.flatMap(({ rules }) => rules)
const { panels } = JSON.parse(read('deploy/grafana/dashboard.json')) as Dashboard

let server: TestServer
let known: Set<string>
beforeAll(async () => {
  server = await startServer()
  const { metrics } = await scrape(server.url)
  known = new Set(
    [...metrics].flatMap(([name, kind]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
})
afterAll(() => server.stop())

/** What Prometheus makes itself is left out. */
const metricsIn = (expression: string): string[] =>
  expression.match(/\b(stagedoor|nodejs|process)_\w+/g)?.filter((name) => name !== 'process') ?? []

test.each(alerts)('the alert $alert', ({ expr, annotations }) => {
  for (const name of metricsIn(expr)) expect(known).toContain(name)
  expect(annotations.summary).not.toBe('')
})

test.each(panels.filter(({ targets }) => targets))('the panel $title', ({ targets = [] }) => {
  expect(targets.length).toBeGreaterThan(0)
  for (const { expr } of targets) {
    expect(metricsIn(expr).length + Number(/\bup\{/.test(expr))).toBeGreaterThan(0)
    for (const name of metricsIn(expr)) expect(known).toContain(name)
  }
})

test('no panel covers another', () => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
})

describe('docs/operations.md', () => {
  test('tells of every metric of ours, and of none that is not there', async () => {
    const { metrics } = await scrape(server.url)
    const ours = [...metrics.keys()].filter((name) => name.startsWith('stagedoor_')).sort()
    const told = new Set(page.match(/\bstagedoor_[a-z_]+/g))
    expect([...told].sort()).toEqual(ours)
  })

  test('tells of every alert, and of none that is not there', () => {
    const told = [...page.matchAll(/^- `([A-Z]\w+)`/gm)].map(([, name]) => name)
    expect(told.sort()).toEqual(alerts.map(({ alert }) => alert).sort())
  })
})

test('docker-compose.yml and what it mounts can be read', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { volumes?: string[]; environment?: Record<string, string> }>
  }
  const { prometheus, grafana, server: ours } = compose.services
  expect(ours?.environment).toHaveProperty('METRICS_TOKEN')
  for (const volume of [...(prometheus?.volumes ?? []), ...(grafana?.volumes ?? [])]) {
    const [path = ''] = volume.split(':')
    if (path.startsWith('./'))
      expect(() => readFileSync(new URL(`../../${path}`, import.meta.url))).not.toThrow('ENOENT')
  }
  for (const path of [
    'prometheus/prometheus',
    'grafana/provisioning/datasources/prometheus',
    'grafana/provisioning/dashboards/stagedoor',
  ]) {
    expect(parse(read(`deploy/${path}.yml`))).toBeTypeOf('object')
  }
})
