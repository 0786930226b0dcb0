/** Every state that a buyer can be in, and what the page says in it. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { BrowserContext, Page } from 'playwright-core'
import { useBrowser } from '../support/browser.ts'
import { createSale, join, type Sale } from '../support/purchase.ts'
import { claimTurn } from './claim-turn.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { leaveQueue, updateQueue } from '../support/operations.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const at = (path: string): string => new URL(path, server.url).href
const concertUrl = (concertId: string, { url } = server): string =>
  new URL(`/#/concert/${concertId}`, url).href
const joinLine = (page: Page) => page.getByRole('button', { name: 'Join the queue' }).click()

/** A page that waits behind another buyer, and what ends that buyer's turn. */
async function waiting(who: BrowserContext, at = server) {
  const sale = await createSale(at, { capacity: 1 })
  const rival = await at.user()
  const token = await claimTurn(rival, sale.concertId)
  const page = await open(who, concertUrl(sale.concertId, at))
  await joinLine(page)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  return { ...sale, page, makeWay: () => leaveQueue(rival, token) }
}

const pause = ({ operator, concertId }: Pick<Sale, 'operator' | 'concertId'>, paused: boolean) =>
  updateQueue(operator, { concertId, paused })

test('a paused queue: the page says so, also after a reload', async () => {
  const { page, makeWay, ...sale } = await waiting(await visitor())
  await pause(sale, true)
  await page.getByText('Admission is paused.').waitFor()
  await makeWay()
  await page.reload()
  await page.getByText('Admission is paused.').waitFor()
  await pause(sale, false)
  await page.getByText('It is your turn!').waitFor()
})

test('a buyer who misses the turn is told on return, and joins again', async () => {
  const hurried = await startServer({ CLAIM_SECONDS: '4' })
  onTestFinished(() => hurried.stop())
  const who = await visitor()
  const { page, makeWay, concertId, operator } = await waiting(who, hurried)
  await page.close()
  await makeWay()
  const readStats = async () => {
    const { concertStats } = await operator.request<{ concertStats: object }>(
      'query ($id: ID!) { concertStats(concertId: $id) { waiting admitted } }',
      { id: concertId },
    )
    return concertStats
  }
  await expect.poll(readStats).toEqual({ waiting: 0, admitted: 0 })
  const back = await open(who, concertUrl(concertId, hurried))
  await back.getByText('It was your turn, but you were not there.').waitFor()
  await back.reload()
  await back.getByText('It was your turn, but you were not there.').waitFor()
  await back.getByRole('button', { name: 'Join the queue again' }).click()
  await back.getByText('It is your turn!').waitFor()
})

test('a buyer gives up the turn: the page says so, also after a reload, and the title has no turn any more', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), concertUrl(concertId))
  await joinLine(page)
  await expect.poll(() => page.title()).toBe('● It is your turn! · Rehearsal')
  await page.getByRole('button', { name: 'Give up my turn' }).click()
  await page.getByText('Really give up your turn?').waitFor()
  await page.getByRole('button', { name: 'No', exact: true }).click()
  await page.getByRole('button', { name: 'Give up my turn' }).click()
  await page.getByRole('button', { name: 'Yes', exact: true }).click()
  await page.getByText('You gave up your place.').waitFor()
  await expect.poll(() => page.title()).toBe('Rehearsal')
  await page.reload()
  await page.getByText('You gave up your place.').waitFor()
  expect(
    await page.evaluate(
      `Object.keys(localStorage).filter((key) => /^(date|progress|idempotencyKey)/.test(key))`,
    ),
  ).toEqual([])
  await page.getByRole('button', { name: 'Join the queue again' }).click()
  await page.getByText('It is your turn!').waitFor()
})

test('a hidden page shows the turn in its title, and in a notification where that is allowed', async () => {
  const who = await visitor({ permissions: ['notifications'] })
  await who.addInitScript(`
    window.told = []
    window.Notification = class extends EventTarget {
      static permission = 'granted'
      constructor(title) { super(); window.told.push(title) }
    }
    Object.defineProperty(Document.prototype, 'hidden', { get: () => true })`)
  const { page, makeWay } = await waiting(who)
  await expect.poll(() => page.title()).toBe('1 · Rehearsal')
  await makeWay()
  await expect.poll(() => page.title()).toBe('● It is your turn! · Rehearsal')
  await expect.poll(() => page.evaluate('window.told')).toEqual(['It is your turn!'])
})

test('without support for notifications none is offered, and the dates are there', async () => {
  const who = await visitor()
  await who.addInitScript(`
    window.Notification = class { static permission = 'default'; constructor() { throw new TypeError('Illegal constructor') } }
    Object.defineProperty(Document.prototype, 'hidden', { get: () => true })`)
  const { page, makeWay } = await waiting(who)
  expect(await page.getByRole('button', { name: 'Tell me when it is my turn' }).count()).toBe(0)
  await page.evaluate(`Notification.permission = 'granted'`)
  await makeWay()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).waitFor()
})

test('the progress bar goes from the first position to the last, and never back', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const ahead: { user: TestUser; token: string }[] = []
  for (let n = 0; n < 4; n++) {
    const user = await server.user()
    ahead.push({ user, token: (await join(user, concertId)).token })
  }
  const page = await open(await visitor(), concertUrl(concertId))
  await joinLine(page)
  const bar = async () => Number(await page.getByRole('progressbar').getAttribute('value'))
  const passed: number[] = []
  for (const { user, token } of ahead.slice(1).reverse()) {
    passed.push(await bar())
    const before = Number(await page.getByTestId('position').textContent())
    await leaveQueue(user, token)
    await expect
      .poll(async () => Number(await page.getByTestId('position').textContent()))
      .toBeLessThan(before)
  }
  expect(await page.getByTestId('position').textContent()).toBe('1')
  await expect.poll(bar).toBe(1)
  expect(passed).toEqual([...passed].sort((a, b) => a - b))
  // As when somebody returns to a place in front: more ahead than the best that was seen.
  await page.evaluate(`localStorage.setItem(Object.keys(localStorage).find((key) => /^progress/.test(key)),
    localStorage.getItem(Object.keys(localStorage).find((key) => /^progress/.test(key))).replace(/ \\S+$/, ' 0.9'))`)
  await page.reload()
  await expect.poll(bar).toBeGreaterThanOrEqual(0.9)
})

test('a position that changes fast is announced at most every 15 seconds', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const first = await server.user()
  const ahead = [{ user: first, token: await claimTurn(first, concertId) }]
  for (let n = 0; n < 3; n++) {
    const user = await server.user()
    ahead.push({ user, token: (await join(user, concertId)).token })
  }
  const who = await visitor()
  await who.addInitScript(`
    window.announcements = []
    new MutationObserver(() => {
      const text = document.querySelector('.visually-hidden')?.textContent
      if (text && text !== window.announcements.at(-1)) window.announcements.push(text)
    }).observe(document, { subtree: true, childList: true, characterData: true })`)
  const startedAt = Date.now()
  const page = await open(who, concertUrl(concertId))
  await joinLine(page)
  await expect.poll(() => page.evaluate('window.announcements')).toEqual(['Your place in the queue: 4'])
  for (const { user, token } of ahead) await leaveQueue(user, token)
  await page.getByText('It is your turn!').waitFor()
  const announcements = await page.evaluate<string[]>('window.announcements')
  expect(announcements.length).toBeLessThanOrEqual(1 + (Date.now() - startedAt) / 15_000)
})

test('an announcement is cleared when it is no longer true', async () => {
  const { page, makeWay } = await waiting(await visitor())
  const announcement = () => page.locator('.visually-hidden').textContent()
  await expect.poll(announcement).toBe('Your place in the queue: 1')
  await makeWay()
  await page.getByText('It is your turn!').waitFor()
  await expect.poll(announcement).toBe('')
  await page.getByRole('button', { name: /^Seat 1,/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await expect.poll(announcement).toBe('These seats are yours for now: Seat 1')
  await page.getByRole('button', { name: 'Release these seats' }).click()
  await expect.poll(announcement).toBe('')
})

test('in Korean: from the list to the seats, with the refusals', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor({ locale: 'ko-KR' }), at('/'))
  await page.getByRole('heading', { name: '공연' }).waitFor()
  await page.goto(concertUrl(concertId))
  await page.getByRole('button', { name: '대기열 참여' }).click()
  await page.getByText('입장하실 차례입니다!').waitFor()
  for (const seat of [1, 2, 3, 4, 5])
    await page.getByRole('button', { name: new RegExp(`^좌석 ${seat},`) }).click()
  await page.getByRole('alert').getByText('최대 4석입니다.').waitFor()
  await page.getByRole('button', { name: '4석 선점하기' }).click()
  await page.getByTestId('hold-left').waitFor()
  await expect.poll(() => page.title()).toBe('● 입장하실 차례입니다! · Rehearsal')
  await page.getByRole('button', { name: 'English' }).click()
  await expect.poll(() => page.title()).toBe('● It is your turn! · Rehearsal')
})

test('a failed query: the page says so, and Try again sends it again', async () => {
  const { concertId } = await createSale(server)
  const who = await visitor()
  const broken = JSON.stringify({ errors: [{ message: 'no', extensions: { code: 'INTERNAL' } }] })
  let isBroken = true
  await who.route('**/graphql', async (route) => {
    if (isBroken && /query (Concerts|Performances)/.test(route.request().postData() ?? '')) {
      await route.fulfill({ contentType: 'application/json', body: broken })
    } else await route.continue()
  })
  const page = await open(who, at('/'))
  await page.getByText('This could not be loaded.').waitFor()
  isBroken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .waitFor()
  isBroken = true
  await page.goto(concertUrl(concertId))
  await joinLine(page)
  await page.getByText('This could not be loaded.').waitFor()
  isBroken = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).waitFor()
})

test('where it cannot create identities, or show a bot check, the page says so', async () => {
  const guarded = await startServer({ BOT_CHECK_URL: 'http://127.0.0.1:9/siteverify' })
  onTestFinished(() => guarded.stop())
  const { concertId } = await createSale(guarded)
  const page = await open(await visitor(), new URL(`/#/concert/${concertId}`, guarded.url).href)
  await joinLine(page)
  await page.getByText('This sale asks for proof that you are not a robot').waitFor()

  const who = await visitor()
  await who.route('**/graphql', async (route) => {
    if (!/mutation SignUp/.test(route.request().postData() ?? '')) return route.continue()
    const message = 'Cannot query field "signUp" on type "Mutation".'
    const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] })
    return route.fulfill({ contentType: 'application/json', body })
  })
  const elsewhere = await open(who, new URL(`/#/concert/${concertId}`, guarded.url).href)
  await joinLine(elsewhere)
  await elsewhere.getByText('This page cannot make an account for you here.').waitFor()
})
