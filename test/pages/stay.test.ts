import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { useBrowser } from '../support/browser.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

const JAVASCRIPT_BYTES_MAX = 60 * 1024

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const roomOf = (concertId: string): string => new URL(`/#/concert/${concertId}`, server.url).href
const joinLine = (page: Page) => page.getByRole('button', { name: 'Join the line' }).click()

test('a reload, and a second tab, find the same place, the same hold and the same ticket', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const who = await visitor()
  const page = await open(who, roomOf(concertId))
  await joinLine(page)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await page.reload()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')

  await rival.ask('mutation ($token: String!) { leaveQueue(input: { token: $token }) { token } }', { token })
  await page.getByText('It is your turn!').waitFor()
  await page.reload()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  await page.reload()
  await page.getByTestId('hold-left').waitFor()

  const tab = await open(who, roomOf(concertId))
  await tab.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  for (const one of [page, tab]) await one.getByText('See you there!').waitFor()
  await page.reload()
  await page.getByText('See you there!').waitFor()
  // Nothing is left to listen to, and that is no lost connection.
  await page.getByRole('button', { name: 'Join the line again' }).waitFor()
  expect(await tab.getByText('The connection is lost.').count()).toBe(0)
  const [bought] = await server.database.sql`select count(*)::int as payments from payments`
  expect(bought).toMatchObject({ payments: 1 })
})

test('with the keyboard alone: from the list to the ticket', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), roomOf(concertId))
  const press = async (name: RegExp | string) => {
    await page.getByRole('button', { name }).focus()
    await page.keyboard.press('Enter')
  }
  await press('Join the line')
  await page.getByRole('button', { name: /^Seat 1, / }).focus()
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'Space']) {
    await page.keyboard.press(key)
  }
  await page.getByRole('button', { name: /^Seat 11, .*chosen/ }).waitFor()
  await press('Hold this seat')
  await press(/^Charge/)
  await press(/^Pay/)
  await page.getByText('See you there!').waitFor()
})

test('one seat left and three who want it: one gets it, and the others are told', async () => {
  const { concertId, performanceIds } = await createSale(server, { seatCount: 2 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  await hold(rival, token, performanceIds[0] ?? '', [1])
  const pages = await Promise.all(
    [1, 2, 3].map(async () => {
      const page = await open(await visitor(), roomOf(concertId))
      await joinLine(page)
      await page.getByRole('button', { name: /^Seat 2, .*free/ }).click()
      return page
    }),
  )
  // In one moment: none of them has heard of the others. Who has is told without a click.
  await Promise.all(pages.map((page) => page.evaluate('document.querySelector("button.primary").click()')))
  const held = async () => Promise.all(pages.map((page) => page.getByTestId('hold-left').count()))
  await expect.poll(async () => (await held()).filter(Boolean).length, { timeout: 15_000 }).toBe(1)
  const winner = (await held()).findIndex(Boolean)
  for (const page of pages.filter((_, index) => index !== winner)) {
    await page.getByText(/Somebody was faster: 2 is taken/).waitFor()
  }
})

test('a seat that was chosen and is gone is said to be, with what is free nearby', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const page = await open(await visitor(), roomOf(concertId))
  await joinLine(page)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  await hold(rival, token, performanceIds[0] ?? '', [7])
  await page.getByText('Somebody was faster: 7 is taken. Free nearby: 5, 6, 8').waitFor()
})

test('an access token that is none any more is forgotten, and the visitor can join again', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), roomOf(concertId))
  await joinLine(page)
  await page.getByText('It is your turn!').waitFor()
  await page.evaluate('localStorage.setItem("accessToken", "expired")')
  await page.reload()
  await joinLine(page)
  await page.getByText('It is your turn!').waitFor()
})

test('it fits a phone', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor({ viewport: { width: 360, height: 740 } }), roomOf(concertId))
  await joinLine(page)
  await page.getByRole('button', { name: /^Seat 50, / }).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
})

test(`the scripts are ${JAVASCRIPT_BYTES_MAX / 1024} KiB at the most`, async () => {
  const headers = { 'accept-encoding': 'br' }
  const html = await (await fetch(new URL('/', server.url))).text()
  const scripts = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path]) => path ?? '')
  expect(scripts.length).toBeGreaterThan(0)
  let bytes = 0
  for (const path of scripts) {
    const response = await fetch(new URL(path, server.url), { headers })
    expect(response.headers.get('cache-control')).toContain('immutable')
    bytes += Number(response.headers.get('content-length'))
  }
  expect(bytes).toBeGreaterThan(1_000)
  expect(bytes).toBeLessThanOrEqual(JAVASCRIPT_BYTES_MAX)
})
