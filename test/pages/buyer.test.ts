import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { uuidOf } from '../support/arrange.ts'
import { useBrowser } from '../support/browser.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { leaveQueue } from '../support/operations.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PAGE_BYTES_MAX = 60 * 1024

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const concertUrl = (concertId: string): string => new URL(`/#/concert/${concertId}`, server.url).href
const joinLine = (page: Page) => page.getByRole('button', { name: 'Join the queue' }).click()

test('a reload, and a second tab, find the same place, the same hold and the same ticket', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const who = await visitor()
  const page = await open(who, concertUrl(concertId))
  await joinLine(page)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await page.reload()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')

  await leaveQueue(rival, token)
  await page.getByText('It is your turn!').waitFor()
  await page.reload()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  await page.reload()
  await page.getByTestId('hold-left').waitFor()

  const tab = await open(who, concertUrl(concertId))
  await tab.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  for (const one of [page, tab]) await one.getByText('See you there!').waitFor()
  await page.reload()
  await page.getByText('See you there!').waitFor()
  await page.getByText(/^[0-9A-F]{4} [0-9A-F]{4}$/).waitFor()
  // And so they do next month: nothing but this token says whose it is.
  const expiresAt = await page.evaluate<number>(
    `JSON.parse(atob(localStorage.getItem('accessToken').split('.')[1])).exp * 1000`,
  )
  expect(expiresAt - Date.now()).toBeGreaterThan(179 * 24 * 60 * 60_000)
  // Nothing is left to listen to, and that is no lost connection.
  await page.getByRole('button', { name: 'Join the queue again' }).waitFor()
  expect(await tab.getByText('The connection is lost.').count()).toBe(0)
  const [bought] = await server.database.sql`select count(*)::int as payments from payments`
  expect(bought).toMatchObject({ payments: 1 })
})

test('with the keyboard alone: from the list to the ticket', async () => {
  await createSale(server)
  const page = await open(await visitor(), new URL('/', server.url).href)
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .waitFor()
  const focused = () =>
    page.evaluate<string>('document.activeElement.ariaLabel ?? document.activeElement.textContent')
  /** Presses Tab until the focus is on the first element with this name. */
  const tabTo = async (name: RegExp) => {
    for (let presses = 0; presses < 12 && !name.test(await focused()); presses++) {
      await page.keyboard.press('Tab')
    }
    expect(await focused()).toMatch(name)
  }
  // Each state moves the focus to its heading.
  const arriveAt = (heading: string) => expect.poll(focused).toBe(heading)

  await tabTo(/^Rehearsal/) // the newest concert is the first
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Join the queue' }).waitFor()
  await tabTo(/^Join the queue/)
  await page.keyboard.press('Enter')
  await arriveAt('It is your turn!')
  await page.getByRole('button', { name: /^Seat 1, / }).waitFor()
  await tabTo(/^Seat 1, /)
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowDown', 'Space']) {
    await page.keyboard.press(key)
  }
  expect(await focused()).toMatch(/^Seat 11, .*chosen/)
  await tabTo(/^Hold this seat/)
  await page.keyboard.press('Enter')
  await arriveAt('These seats are yours for now')
  await tabTo(/^Charge/)
  await page.keyboard.press('Enter')
  await expect.poll(focused).toMatch(/^Pay/)
  await page.keyboard.press('Enter')
  await arriveAt('Your ticket')
  await page.getByText('See you there!').waitFor()
})

test('a double click holds once, charges once and pays once', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), concertUrl(concertId))
  await joinLine(page)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  const [before] = await server.database.sql`select
    (select count(*)::int from reservations) as holds, (select count(*)::int from transfers) as transfers`
  await page.getByRole('button', { name: 'Hold this seat' }).dblclick()
  await page.getByRole('button', { name: /^Charge/ }).dblclick()
  await page.getByRole('button', { name: /^Pay|^Your/ }).waitFor()
  const [after] = await server.database.sql`select
    (select count(*)::int from reservations) as holds, (select count(*)::int from transfers) as transfers`
  expect(after).toEqual({
    holds: Number(before?.['holds']) + 1,
    transfers: Number(before?.['transfers']) + 1,
  })
})

test('three buyers and one seat: one gets it, and the others are told', async () => {
  const { concertId, performanceIds } = await createSale(server, { seatCount: 2 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  await hold(rival, token, performanceIds[0] ?? '', [1])
  const pages = await Promise.all(
    [1, 2, 3].map(async () => {
      const page = await open(await visitor(), concertUrl(concertId))
      await joinLine(page)
      await page.getByRole('button', { name: /^Seat 2, .*free/ }).click()
      return page
    }),
  )
  // All at once, before any of them sees another's hold.
  await Promise.all(pages.map((page) => page.evaluate('document.querySelector("button.primary").click()')))
  const held = async () => Promise.all(pages.map((page) => page.getByTestId('hold-left').count()))
  await expect.poll(async () => (await held()).filter(Boolean).length).toBe(1)
  const winner = (await held()).findIndex(Boolean)
  for (const page of pages.filter((_, index) => index !== winner)) {
    await page.getByText(/Somebody was faster: 2 is taken/).waitFor()
  }
  const uuid = uuidOf(performanceIds[0] ?? '')
  const claims = await server.database
    .sql`select seat_number::int as seat, count(*)::int as buyers from seat_claims
         where performance_id = ${uuid} group by seat_number order by seat_number`
  expect(claims.map((row) => ({ ...row }))).toEqual([
    { seat: 1, buyers: 1 },
    { seat: 2, buyers: 1 },
  ])
})

test('a chosen seat that another buyer takes: the page says so, with available seats nearby', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const page = await open(await visitor(), concertUrl(concertId))
  await joinLine(page)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  await hold(rival, token, performanceIds[0] ?? '', [7])
  await page.getByText('Somebody was faster: 7 is taken. Free nearby: 5, 6, 8').waitFor()
  // The date counts with the seats.
  await page.getByRole('button', { name: /49 free$/ }).waitFor()
})

test('every state fits a phone, with links and buttons of 44 pixels at least', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const who = await visitor({ viewport: { width: 360, height: 740 }, hasTouch: true })
  const page = await open(who, new URL('/', server.url).href)
  const fits = async () => {
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    const small = await page.evaluate<string[]>(`[...document.querySelectorAll('a, button')]
      .filter((one) => { const { width, height } = one.getBoundingClientRect(); return width < 44 || height < 44 })
      .map((one) => one.outerHTML)`)
    expect(small).toEqual([])
  }
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .waitFor()
  await fits()
  await page.goto(concertUrl(concertId))
  await joinLine(page)
  await page.getByTestId('position').waitFor()
  await fits()
  await leaveQueue(rival, token)
  await page.getByRole('button', { name: /^Seat 50, / }).waitFor()
  await fits()
  await page.getByRole('button', { name: /^Seat 7, / }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  await fits()
  await page.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByText('See you there!').waitFor()
  await fits()
})

test(`a page is ${PAGE_BYTES_MAX / 1024} KiB at the most, with its script and styles in it`, async () => {
  for (const path of ['/', '/operator']) {
    const response = await fetch(new URL(path, server.url), { headers: { 'accept-encoding': 'br' } })
    const bytes = Number(response.headers.get('content-length'))
    const html = await response.text()
    // A server of another version, which the load balancer may choose, would not have a file that it names.
    const files = [...html.matchAll(/<[^>]+(?:src|href)="([^"]+)"/g)].map(([, file]) => file)
    expect(files).toEqual(['/icon.svg'])
    expect((await fetch(new URL('/icon.svg', server.url))).status).toBe(200)
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThanOrEqual(PAGE_BYTES_MAX)
  }
})
