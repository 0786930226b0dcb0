/**
 * Phones of 2022: Safari 15 and Chrome 100. No such browser can be installed here, so a new one runs the pages without
 * everything that MDN's data says came later, and the styles are compared with the same data.
 */
import bcd, { type CompatStatement, type Identifier } from '@mdn/browser-compat-data/forLegacyNode'
import { readdirSync, readFileSync } from 'node:fs'
import postcss from 'postcss'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { leaveQueue } from '../support/operations.ts'

const OLDEST = { safari_ios: 15, chrome_android: 100 } as const

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** Did both of them have it, in a usual way? */
function isOld({ support }: CompatStatement): boolean {
  return Object.entries(OLDEST).every(([browser, version]) => {
    const entry = support[browser as keyof typeof OLDEST]
    const statements = (Array.isArray(entry) ? entry : [entry]).filter((one) => one !== undefined)
    return statements.some(
      ({ version_added: added, version_removed: removed, flags, prefix }) =>
        typeof added === 'string' &&
        parseFloat(added.replace('≤', '')) <= version &&
        !removed &&
        !flags &&
        !prefix,
    )
  })
}

type ApiMember = [owner: string, member: string | null, isStatic: boolean]

/** Of what came later: an interface or namespace, and its member, such as `Array` and `at`; null: all of it. */
function newerApis(): ApiMember[] {
  const newer: ApiMember[] = []
  const globals: Record<string, Identifier> = { ...bcd.api, ...bcd.javascript.builtins }
  for (const [owner, { __compat: whole, ...members }] of Object.entries(globals)) {
    if (whole && !isOld(whole)) {
      newer.push([owner, null, false])
      continue
    }
    for (const [name, { __compat: part }] of Object.entries(members)) {
      const isStatic = name.endsWith('_static')
      const member = name.replace(/_static$/, '')
      if (part && /^(@@)?\w+$/.test(member) && member !== owner && !isOld(part))
        newer.push([owner, member, isStatic])
    }
  }
  return newer
}

/** Takes away what came later, in every page before anything of it runs. */
const REMOVE_NEWER_APIS = `
  for (const [owner, member, isStatic] of ${JSON.stringify(newerApis())}) {
    if (member === null) { delete globalThis[owner]; continue }
    const place = owner === 'Window' ? globalThis : isStatic ? globalThis[owner] : globalThis[owner]?.prototype ?? globalThis[owner]
    try { delete place?.[member.startsWith('@@') ? Symbol[member.slice(2)] : member] } catch {}
  }`

test('the test removes exactly what later browsers added', async () => {
  const who = await visitor()
  await who.addInitScript(REMOVE_NEWER_APIS)
  const page = await open(who, new URL('/', server.url).href)
  const known = await page.evaluate(`[
    'at' in Array.prototype, 'json' in Response, 'timeout' in AbortSignal, typeof structuredClone, typeof BroadcastChannel,
    'flatMap' in Array.prototype, 'json' in Response.prototype, typeof AbortController, typeof ResizeObserver]`)
  expect(known).toEqual([
    ...[false, false, false, 'undefined', 'undefined'],
    ...[true, true, 'function', 'function'],
  ])
})

test('a purchase, from the queue to the ticket', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const who = await visitor({ viewport: { width: 360, height: 740 }, hasTouch: true })
  await who.addInitScript(REMOVE_NEWER_APIS)
  const page = await open(who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await leaveQueue(rival, token)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  const tab = await open(who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  for (const one of [page, tab]) await one.getByText('See you there!').waitFor()
})

test('a purchase over server-sent events', async () => {
  const { concertId } = await createSale(server)
  const who = await visitor()
  await who.addInitScript(REMOVE_NEWER_APIS)
  // No WebSocket gets through: the server refuses this address.
  await who.addInitScript(`WebSocket = class extends WebSocket {
    constructor(url, protocols) { super(url + '/nowhere', protocols) }
  }`)
  const page = await open(who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).waitFor()
})

test('an operator at the dashboard', async () => {
  const { operator, concertId, performanceIds } = await createSale(server)
  const buyer = await server.user()
  await hold(buyer, (await join(buyer, concertId)).token, performanceIds[0] ?? '', [1])
  const who = await visitor()
  await who.addInitScript(REMOVE_NEWER_APIS)
  const page = await open(who, new URL('/operator', server.url).href)
  await page.getByLabel('Operator’s access token').fill(operator.accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const card = page.getByRole('region', { name: 'Rehearsal' }).first()
  await expect.poll(() => card.getByTestId('held').textContent()).toBe('1')
})

/** What they may do without: it looks plainer then, and everything is there and can be used. */
const DISPENSABLE = [
  'cursor: default', // there is no pointer
  'cursor: pointer',
  'outline', // square around round corners
  ':focus-visible', // they draw a ring of their own
  'text-wrap',
  'text-wrap: balance',
  'overflow-wrap: anywhere',
]

/** How the data calls `dvh`, `lvh`, `svh` and the like. */
const VIEWPORT_UNITS: Record<string, string> = {
  d: 'viewport_percentage_units_dynamic',
  l: 'viewport_percentage_units_large',
  s: 'viewport_percentage_units_small',
}

/** What of a style sheet came later. */
function newerStyles(css: string): string[] {
  const newer = new Set<string>()
  const look = (what: string, found: Identifier | undefined): void => {
    if (found?.__compat && !isOld(found.__compat) && !DISPENSABLE.includes(what)) newer.add(what)
  }
  postcss.parse(css).walk((node) => {
    if (node.type === 'decl' && !node.prop.startsWith('-')) {
      const property = bcd.css.properties?.[node.prop]
      look(node.prop, property)
      for (const [word] of node.value.matchAll(/[a-z][\w-]*/g))
        look(`${node.prop}: ${word}`, property?.[word])
      for (const [, name = ''] of node.value.matchAll(/([a-z][\w-]*)\(/g)) {
        const types: Record<string, Identifier | undefined> = bcd.css.types ?? {}
        look(`${name}()`, types[name] ?? types['color']?.[name])
      }
      for (const [, unit = ''] of node.value.matchAll(/\d([a-z]+)\b/g))
        look(unit, bcd.css.types?.['length']?.[VIEWPORT_UNITS[/^([dls])v/.exec(unit)?.[1] ?? ''] ?? unit])
    }
    if (node.type === 'atrule') look(`@${node.name}`, bcd.css['at-rules']?.[node.name])
    if (node.type === 'rule') {
      for (const [, name = ''] of node.selector.matchAll(/::?([a-z][a-z-]*)/g))
        look(`:${name}`, bcd.css.selectors?.[name])
      if (node.parent?.type === 'rule') newer.add('nesting')
    }
  })
  return [...newer]
}

test('the styles use only what old browsers know', () => {
  const pages = new URL('../../dist/pages/', import.meta.url)
  const styles = readdirSync(pages, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .flatMap((name) => [...readFileSync(new URL(name, pages), 'utf8').matchAll(/<style>(.*?)<\/style>/gs)])
    .map(([, css = '']) => css)
  expect(styles.length).toBeGreaterThan(0)
  expect(styles.flatMap(newerStyles)).toEqual([])
  expect(
    newerStyles('a:has(b) { color: color-mix(in srgb, red, blue); height: 1dvh; & i { inset: 0 } }'),
  ).toEqual([':has', 'color-mix()', 'dvh', 'nesting'])
})
