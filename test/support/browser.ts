/** A Chromium for the tests of the pages. */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject } from 'vitest'

/** Without background work that needs a network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** Ends a test that hangs, also on a machine that is ten times slower than usual. */
const TIMEOUT_MS = 60_000

export interface TestBrowser {
  /** A user with a device of their own. */
  visitor: (options?: Parameters<Browser['newContext']>[0]) => Promise<BrowserContext>
  /** A new tab of theirs. */
  open: (visitor: BrowserContext, url: string) => Promise<Page>
}

/** A browser for the tests of a file. After them it expects that no page has reported an error. */
export function useBrowser(): TestBrowser {
  let browser: Browser
  const trouble: string[] = []
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: inject('browser'), args: ARGS })
  })
  afterAll(async () => {
    await browser.close()
    expect(trouble).toEqual([])
  })
  return {
    visitor: async (options) => {
      const context = await browser.newContext({ locale: 'en-GB', ...options })
      context.setDefaultTimeout(TIMEOUT_MS)
      return context
    },
    open: async (visitor, url) => {
      const page = await visitor.newPage()
      page.on('pageerror', (error) => trouble.push(String(error)))
      page.on('console', (message) => {
        // Violations of the content security policy are logged here.
        if (/Content Security Policy|Refused to/.test(message.text())) trouble.push(message.text())
      })
      await page.goto(url)
      return page
    },
  }
}
