/** Holds that expire, and countdowns. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { createSale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer({ HOLD_SECONDS: '10' })
})
afterAll(() => server.stop())

async function holdSeat(concertId: string, who = visitor()) {
  const page = await open(await who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  return page
}

test('a hold that expires: the page says so, and its seats are available again, without a click', async () => {
  const { concertId } = await createSale(server)
  const page = await holdSeat(concertId)
  await page.getByRole('button', { name: /^Seat 7, .*yours/ }).waitFor()
  // One clock at a time.
  expect(await page.getByTestId('turn-left').count()).toBe(0)
  await page.getByRole('alert').getByText('The time ran out').waitFor()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).waitFor()
  await page.getByTestId('turn-left').waitFor()
  expect(await page.getByTestId('hold-left').count()).toBe(0)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  expect(await page.getByText('The time ran out').count()).toBe(0)
})

test('the idempotency key of an expired hold does not bring that hold back', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const who = await visitor()
  // As if the answer to the first hold had never come: its key stays.
  await who.addInitScript(`
    const remove = Storage.prototype.removeItem
    window.forgetAgain = () => { Storage.prototype.removeItem = remove }
    Storage.prototype.removeItem = function (key) { if (!/^idempotencyKey:hold/.test(key)) remove.call(this, key) }`)
  const page = await holdSeat(concertId, Promise.resolve(who))
  await page.getByText('The time ran out').waitFor()
  await page.reload()
  expect(
    await page.evaluate(`localStorage.getItem('idempotencyKey:hold ${performanceIds[0]} 7')`),
  ).not.toBeNull()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.evaluate('forgetAgain()')
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
})

test('a countdown begins with the time that is left, and does not follow a change of the device’s clock', async () => {
  const { concertId } = await createSale(server)
  const who = await visitor()
  await who.addInitScript(`
    window.seen = []
    new MutationObserver(() => {
      const left = document.querySelector('[data-testid=hold-left]')?.textContent
      if (left && left !== window.seen.at(-1)) window.seen.push(left)
    }).observe(document, { subtree: true, childList: true, characterData: true })`)
  const page = await holdSeat(concertId, Promise.resolve(who))
  await page.evaluate('{ const real = Date.now; Date.now = () => real() + 3_600_000 }')
  await page.getByText('The time ran out').waitFor()
  const seen = await page.evaluate<string[]>('window.seen')
  // A slow machine may leave some out. None comes twice, and none is more than there was to begin with.
  const left = seen.map((clock) => Number(clock.replace(':', '')))
  expect(left).toEqual([...new Set(left)].sort((a, b) => b - a))
  expect(left[0]).toBeLessThanOrEqual(10)
  expect(left.length).toBeGreaterThan(3)
})
