/** Pictures of the page for docs/pages.md: `SCREENSHOTS=1 npx vitest run test/pages/screenshots.test.ts`. It takes a Korean font. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { uuidOf } from '../support/arrange.ts'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { leaveQueue, updateQueue } from '../support/operations.ts'

const DESKTOP = { width: 1000, height: 700 }
const PHONE = { width: 390, height: 844 }
const TITLE = 'Stagedoor Sessions: Opening Nights'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

type ContextOptions = NonNullable<Parameters<typeof visitor>[0]>

/** As the audience has it: an evening in Seoul. A bar that is still on its way would not show how far it is. */
const inSeoul = (look: ContextOptions): ContextOptions => ({
  timezoneId: 'Asia/Seoul',
  viewport: DESKTOP,
  colorScheme: 'light',
  reducedMotion: 'reduce',
  ...look,
})

/** The whole page, or the upper part of it where the rest is empty. */
async function picture(page: Page, name: string, height?: number): Promise<void> {
  // A page behind another one is painted when it pleases.
  await page.bringToFront()
  await page.evaluate('scrollTo(0, 0)')
  const { width = 0 } = page.viewportSize() ?? {}
  await page.screenshot({
    path: `docs/images/${name}.png`,
    ...(height === undefined ? { fullPage: true } : { clip: { x: 0, y: 0, width, height } }),
  })
}

async function sale(title: string, capacity: number) {
  const made = await createSale(server, { capacity, dates: 3, seatPrice: 55_000 })
  await server.database.sql`update concerts set title = ${title} where id = ${uuidOf(made.concertId)}`
  // 19:30 in Seoul.
  await server.database.sql`update performances set starts_at =
    date_trunc('day', starts_at at time zone 'Asia/Seoul') at time zone 'Asia/Seoul' + interval '19 hours 30 minutes'`
  return made
}

test.skipIf(!process.env['SCREENSHOTS'])('pictures of every state', async () => {
  await sale('Low Light Choir: Winter', 100)
  const quartet = await sale('The Night Quartet', 1)
  for (let n = 0; n < 4; n++) await join(await server.user(), quartet.concertId)
  const { concertId, performanceIds, operator } = await sale(TITLE, 4)
  const [date = ''] = performanceIds
  const room = new URL(`/#/concert/${concertId}`, server.url).href
  const [holder, owner] = [await server.user(), await server.user()]
  const { token } = await join(holder, concertId)
  await hold(holder, token, date, [23, 24])
  const place = await join(owner, concertId)
  const { id } = await hold(owner, place.token, date, [4, 5, 16])
  await charge(owner, 165_000)
  await pay(owner, place.token, id)

  const come = async (look: ContextOptions, url = room) => open(await visitor(inSeoul(look)), url)
  const seat = (page: Page, number: number) =>
    page.getByRole('button', { name: new RegExp(`^Seat ${number}, .*free`) })
  const chooseDate = (page: Page) =>
    page
      .getByRole('button', { name: /\d free$/ })
      .first()
      .click()

  const desktop = await come({})
  await desktop.getByRole('button', { name: 'Join the queue' }).waitFor()
  await picture(desktop, 'join-desk', 590)
  await desktop.getByRole('button', { name: 'Join the queue' }).click()
  await chooseDate(desktop)
  await seat(desktop, 14).click()
  await seat(desktop, 15).click()
  await picture(desktop, 'seats-desk')

  const phone = await come({ viewport: PHONE, hasTouch: true })
  await phone.getByRole('button', { name: 'Join the queue' }).click()
  await chooseDate(phone)
  await seat(phone, 31).click()
  await seat(phone, 32).click()
  await hold(holder, token, date, [31, 32])
  await phone.getByText('Somebody was faster').waitFor()
  await picture(phone, 'lost-phone')

  const others = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const user = await server.user()
      return { user, ticket: (await join(user, concertId)).token }
    }),
  )
  const dark = await come({ viewport: PHONE, hasTouch: true, colorScheme: 'dark' })
  await dark.getByRole('button', { name: 'Join the queue' }).click()
  await expect.poll(() => dark.getByTestId('position').textContent()).toMatch(/^\d+$/)
  const korean = await come({ viewport: PHONE, hasTouch: true, locale: 'ko-KR' })
  await korean.getByRole('button', { name: '대기열 참여' }).click()
  await korean.getByTestId('position').waitFor()
  const list = await come({}, new URL('/', server.url).href)
  await list.getByRole('link', { name: /Sessions/ }).waitFor()
  await picture(list, 'list-desk', 460)

  // Some of those in front leave: the bar shows the way.
  for (const { user, ticket } of others.slice(0, 5)) await leaveQueue(user, ticket)
  await expect
    .poll(() => dark.getByRole('progressbar').getAttribute('value').then(Number))
    .toBeGreaterThan(0.4)
  await picture(dark, 'waiting-phone')
  await expect
    .poll(() => korean.getByRole('progressbar').getAttribute('value').then(Number))
    .toBeGreaterThan(0.3)
  await picture(korean, 'waiting-korean')
  await updateQueue(operator, { concertId, paused: true })
  await dark.getByText('Admission is paused.').waitFor()
  await picture(dark, 'paused-phone')

  await desktop.getByRole('button', { name: 'Hold these 2 seats' }).click()
  await desktop.getByTestId('hold-left').waitFor()
  await picture(desktop, 'held-desk', 670)
  await desktop.getByRole('button', { name: /^Charge/ }).click()
  await desktop.getByRole('button', { name: /^Pay/ }).click()
  await desktop.getByRole('button', { name: 'Join the queue again' }).waitFor()
  await picture(desktop, 'ticket-desk', 700)

  await dark.getByRole('button', { name: 'Give up my place' }).click()
  await dark.getByRole('button', { name: 'Yes' }).click()
  await dark.getByText('You gave up your place.').waitFor()
  await picture(dark, 'lapsed-phone', 420)

  await updateQueue(operator, { concertId, paused: false, capacity: 30 })
  await korean.getByText('입장하실 차례입니다!').waitFor()
  await korean
    .getByRole('button', { name: /석 남음$/ })
    .first()
    .click()
  await korean.getByRole('button', { name: /^좌석 33,/ }).click()
  await picture(korean, 'seats-korean')

  const far = await visitor(inSeoul({ viewport: PHONE, hasTouch: true }))
  let isCut = false
  const cutOff: (() => void)[] = []
  await far.routeWebSocket(/graphql/, (socket) => {
    if (isCut) void socket.close({ code: 1012 })
    else socket.connectToServer()
    cutOff.push(() => void socket.close({ code: 1012 }))
  })
  const cut = await open(far, room)
  await updateQueue(operator, { concertId, capacity: 1 })
  for (let n = 0; n < 3; n++) await join(await server.user(), concertId)
  await cut.getByRole('button', { name: 'Join the queue' }).click()
  await cut.getByTestId('position').waitFor()
  isCut = true
  for (const close of cutOff) close()
  await cut.getByText('The connection is lost.').waitFor()
  await picture(cut, 'connection-phone')
})
