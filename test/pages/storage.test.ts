/** Browsers that keep nothing for a page: all cookies blocked, a company's policy, some in-app browsers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { createSale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** A profile in which all site data is blocked. */
async function visitorWithStorageBlocked(): Promise<BrowserContext> {
  const directory = mkdtempSync(join(tmpdir(), 'stagedoor-profile-'))
  mkdirSync(join(directory, 'Default'))
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  writeFileSync(join(directory, 'Default', 'Preferences'), JSON.stringify(preferences))
  const context = await chromium.launchPersistentContext(directory, {
    executablePath: inject('browser'),
    args: ['--no-sandbox'],
    locale: 'en-GB',
  })
  onTestFinished(async () => {
    await context.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return context
}

const visitorWithScript = async (script: string): Promise<BrowserContext> => {
  const who = await visitor()
  await who.addInitScript(script)
  return who
}

async function buy(page: Page): Promise<void> {
  await page.getByText('This browser does not let the page store anything.').waitFor()
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByRole('button', { name: /^Charge/ }).click()
  await page.getByRole('button', { name: /^Pay/ }).click()
  await page.getByText('See you there!').waitFor()
}

test.each<[what: string, who: () => Promise<BrowserContext>]>([
  ['all site data is blocked', visitorWithStorageBlocked],
  [
    'storage is null',
    () =>
      visitorWithScript(`for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get: () => null })`),
  ],
  [
    'storage takes nothing',
    () =>
      visitorWithScript(
        `Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') }`,
      ),
  ],
])('where %s, a purchase works in one tab, and the page says that nothing outlives it', async (_, who) => {
  const { concertId } = await createSale(server)
  const page = await open(await who(), new URL(`/#/concert/${concertId}`, server.url).href)
  await buy(page)
})

test('where all site data is blocked, an operator can sign in', async () => {
  const { operator } = await createSale(server)
  const page = await open(await visitorWithStorageBlocked(), new URL('/operator', server.url).href)
  await page.getByLabel('Operator’s access token').fill(operator.accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('region', { name: 'Rehearsal' }).first().waitFor()
})

test('where storage works, there is no warning', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).waitFor()
  expect(await page.getByText('does not let the page store anything').count()).toBe(0)
})
