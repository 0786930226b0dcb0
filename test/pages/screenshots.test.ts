/** Pictures of the page for the documentation: `SCREENSHOTS=1 npx vitest run test/pages/screenshots.test.ts`. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

const DESK = { width: 1200, height: 900 }
const PHONE = { width: 390, height: 844 }

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

test.skipIf(!process.env['SCREENSHOTS'])('pictures of every state', async () => {
  const { concertId, performanceIds } = await createSale(server, { capacity: 3, dates: 3, seatPrice: 55_000 })
  await server.database.sql`update concerts set title = 'Stagedoor Sessions: Opening Nights'`
  const [date = ''] = performanceIds
  const [holder, owner] = [await server.user(), await server.user()]
  const { token } = await join(holder, concertId)
  await hold(holder, token, date, [23, 24])
  const place = await join(owner, concertId)
  const { id } = await hold(owner, place.token, date, [4, 5, 16])
  await charge(owner, 165_000)
  await pay(owner, place.token, id)

  const show = async (name: string, viewport: typeof DESK, colorScheme: 'light' | 'dark') => {
    const page = await open(
      await visitor({ viewport, colorScheme }),
      new URL(`/#/concert/${concertId}`, server.url).href,
    )
    const picture = (state: string) => page.screenshot({ path: `docs/images/${state}-${name}.png` })
    await page.getByRole('button', { name: 'Join the line' }).click()
    return { page, picture }
  }
  const desk = await show('desk', DESK, 'light')
  await desk.page
    .getByRole('button', { name: /\d free$/ })
    .first()
    .click()
  await desk.page.getByRole('button', { name: /^Seat 14, .*free/ }).click()
  await desk.page.getByRole('button', { name: /^Seat 15, .*free/ }).click()
  await desk.page.screenshot({ path: 'docs/images/seats-desk.png', fullPage: true })

  for (let n = 0; n < 12; n++) await join(await server.user(), concertId)
  const phone = await show('phone', PHONE, 'dark')
  await expect.poll(() => phone.page.getByTestId('position').textContent()).toMatch(/^\d+$/)
  await phone.picture('waiting')

  await desk.page.getByRole('button', { name: 'Hold these 2 seats' }).click()
  await desk.page.getByTestId('hold-left').waitFor()
  await desk.picture('held')
  await desk.page.getByRole('button', { name: /^Charge/ }).click()
  await desk.page.getByRole('button', { name: /^Pay/ }).click()
  await desk.page.getByRole('button', { name: 'Join the line again' }).waitFor()
  await desk.page.screenshot({ path: 'docs/images/ticket-desk.png', fullPage: true })
})
