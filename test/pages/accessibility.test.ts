import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { createSale, hold, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { updateQueue } from '../support/operations.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** What axe finds that keeps people out. https://github.com/dequelabs/axe-core/blob/develop/doc/API.md */
async function axeViolations(page: Page): Promise<string[]> {
  // Not as a script tag, which the page's policy refuses.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

test('the error states are accessible, on a phone and in Korean', async () => {
  const { concertId, performanceIds, operator } = await createSale(server, { capacity: 2 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const who = await visitor({ locale: 'ko-KR', viewport: { width: 360, height: 740 } })
  const page = await open(who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: '대기열 참여' }).click()
  await page.getByRole('button', { name: /^좌석 7,/ }).click()
  await hold(rival, token, performanceIds[0] ?? '', [7])
  await page.getByText('다른 분이 먼저 선택했습니다: 7').waitFor()
  expect(await axeViolations(page)).toEqual([])

  const late = await visitor({ viewport: { width: 360, height: 740 } })
  const waiting = await open(late, new URL(`/#/concert/${concertId}`, server.url).href)
  await waiting.getByRole('button', { name: 'Join the queue' }).click()
  await updateQueue(operator, { concertId, paused: true })
  await waiting.getByText('Admission is paused.').waitFor()
  expect(await axeViolations(waiting)).toEqual([])

  await waiting.getByRole('button', { name: 'Give up my place' }).click()
  await waiting.getByRole('button', { name: 'Yes' }).click()
  await waiting.getByText('You gave up your place.').waitFor()
  expect(await axeViolations(waiting)).toEqual([])
})

test.each(['light', 'dark'] as const)('every state of a purchase is accessible (%s)', async (colorScheme) => {
  const { concertId, performanceIds } = await createSale(server, { capacity: 2 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  await hold(rival, token, performanceIds[0] ?? '', [1, 2])
  const who = await visitor({ colorScheme })
  const page = await open(who, new URL('/', server.url).href)
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .waitFor()
  expect(await axeViolations(page)).toEqual([])

  await page.goto(new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByRole('button', { name: /^Seat 1, .*held/ }).waitFor()
  await page.getByRole('button', { name: /^Seat 3, .*free/ }).click()
  expect(await axeViolations(page)).toEqual([])

  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByRole('button', { name: /^Charge/ }).waitFor()
  expect(await axeViolations(page)).toEqual([])

  await page.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByText('See you there!').waitFor()
  expect(await axeViolations(page)).toEqual([])

  await join(await server.user(), concertId)
  const late = await visitor({ colorScheme })
  const waiting = await open(late, new URL(`/#/concert/${concertId}`, server.url).href)
  await waiting.getByRole('button', { name: 'Join the queue' }).click()
  await waiting.getByTestId('position').waitFor()
  expect(await axeViolations(waiting)).toEqual([])
})
