import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BrowserContext, Page } from 'playwright-core'
import { useBrowser } from '../support/browser.ts'
import { createSale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const concertUrl = (concertId: string): string => new URL(`/#/concert/${concertId}`, server.url).href

async function openAndJoin(concertId: string): Promise<{ who: BrowserContext; page: Page }> {
  const who = await visitor()
  const page = await open(who, concertUrl(concertId))
  await page.getByRole('button', { name: 'Join the queue' }).click()
  return { who, page }
}

async function buy(page: Page, seat: number): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^Seat ${seat}, .*free`) }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).dblclick()
  await page.getByText('See you there!').waitFor()
}

test('three buyers and one slot: each payment admits the next one, without a click', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const first = await openAndJoin(concertId)
  await first.page.getByText('It is your turn!').waitFor()
  const second = await openAndJoin(concertId)
  await expect.poll(() => second.page.getByTestId('position').textContent()).toBe('1')
  const third = await openAndJoin(concertId)
  await expect.poll(() => third.page.getByTestId('position').textContent()).toBe('2')

  await buy(first.page, 7)
  await second.page.getByText('It is your turn!').waitFor()
  await expect.poll(() => third.page.getByTestId('position').textContent()).toBe('1')
  await expect.poll(() => second.page.title()).toContain('It is your turn!')

  await buy(second.page, 8)
  await third.page.getByText('It is your turn!').waitFor()
  await third.page.getByRole('button', { name: 'Seat 7, 100 P, sold' }).waitFor()

  const [bought] = await server.database
    .sql`select count(*)::int as payments, sum(amount)::int as points from payments`
  expect(bought).toMatchObject({ payments: 2, points: 200 })
})
