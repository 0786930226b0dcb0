/** Who the visitor is, and what they have, however long ago it was and whatever has run out since. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BrowserContext } from 'playwright-core'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { globalId } from '../../src/schema/ids.ts'
import { createClient } from '../support/client.ts'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { secret, startServer, type TestServer, type TestUser } from '../support/server.ts'
import { cancel, leaveQueue } from '../support/operations.ts'

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const concertUrl = (concertId: string): string => new URL(`/#/concert/${concertId}`, server.url).href
const auth = createAuth({ kind: 'secret', secret })

/** A visitor whom an organiser's page has signed in. */
async function signedIn({ accessToken }: TestUser): Promise<BrowserContext> {
  const who = await visitor()
  const page = await open(who, new URL('/', server.url).href)
  await page.evaluate(`localStorage.setItem('accessToken', '${accessToken}')`)
  await page.close()
  return who
}

/** The same person with an access token that runs out. */
async function withToken(user: TestUser, seconds: number): Promise<TestUser> {
  const accessToken = await auth.issue({ userId: user.uuid, role: 'buyer' }, seconds)
  return { ...user, accessToken, ...createClient(server.url, { accessToken }) }
}

async function buy(user: TestUser, concertId: string, date: string, seat: number): Promise<void> {
  const { token } = await join(user, concertId)
  const { id } = await hold(user, token, date, [seat])
  await charge(user, 100)
  await pay(user, token, id)
}

const identity = 'localStorage.getItem("accessToken")'

test('a sign-in that expires in the queue costs nothing, and the page goes on with the next one', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const rival = await server.user()
  const { token } = await join(rival, concertId)
  const user = await server.user()
  const who = await signedIn(user)
  const page = await open(who, concertUrl(concertId))
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByTestId('position').waitFor()
  // From now on as if the token had run out: the server takes another one only.
  const expired = await withToken(user, -60)
  await page.evaluate(`localStorage.setItem('accessToken', '${expired.accessToken}')`)
  await page.reload()
  await page.getByText('Your sign-in has expired.').waitFor()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await leaveQueue(rival, token)
  await page.getByText('It is your turn!').waitFor()
  expect(await page.getByRole('button', { name: /^Join the queue/ }).count()).toBe(0)
  expect(await page.evaluate(identity)).toBe(expired.accessToken)

  // The organiser's page, in another tab.
  const elsewhere = await open(who, new URL('/', server.url).href)
  const again = await withToken(user, 3_600)
  await elsewhere.evaluate(`localStorage.setItem('accessToken', '${again.accessToken}')`)
  await page.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await page.getByRole('button', { name: 'Hold this seat' }).click()
  await page.getByTestId('hold-left').waitFor()
  expect(await page.getByText('Your sign-in has expired.').count()).toBe(0)
})

test('a ticket is shown after the sign-in has expired, until the visitor joins with a new identity', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const user = await server.user()
  await buy(user, concertId, performanceIds[0] ?? '', 9)
  const who = await signedIn(user)
  const page = await open(who, concertUrl(concertId))
  await page.getByText('Booking code').waitFor()
  const expired = await withToken(user, -60)
  await page.evaluate(`localStorage.setItem('accessToken', '${expired.accessToken}')`)
  await page.reload()
  await page.getByText('Your sign-in has expired.').waitFor()
  await page.getByText('Booking code').waitFor()
  await page.getByRole('button', { name: 'Join as somebody new' }).click()
  await page.getByRole('button', { name: 'No' }).click()
  expect(await page.evaluate(identity)).toBe(expired.accessToken)
  await page.getByRole('button', { name: 'Join as somebody new' }).click()
  await page.getByRole('button', { name: 'Yes' }).click()
  await page.getByText('It is your turn!').waitFor()
  expect(await page.evaluate(identity)).not.toBe(expired.accessToken)
  expect(await page.getByText('Booking code').count()).toBe(0)
})

test('a paid ticket is found behind any number of cancelled holds', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const [date = ''] = performanceIds
  const user = await server.user()
  await buy(user, concertId, date, 1)
  const other = await createSale(server)
  const { token } = await join(user, other.concertId)
  for (let n = 0; n < 51; n++) {
    const { id } = await hold(user, token, other.performanceIds[0] ?? '', [2 + (n % 40)])
    await cancel(user, id)
  }
  const page = await open(await signedIn(user), concertUrl(concertId))
  await page.getByText('Booking code').waitFor()
})

test.each<[what: string, link: (id: string) => string]>([
  ['with its equals sign written as a browser would', (id) => `#/concert/${encodeURIComponent(id)}`],
  ['with a full stop behind it', (id) => `#/concert/${id}.`],
  ['with a slash behind it', (id) => `#/concert/${id}/`],
  ['with a tracking parameter', (id) => `#/concert/${id}?utm_source=x`],
])('a link %s leads to its concert', async (_, link) => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), new URL(`/${link(concertId)}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).waitFor()
})

test.each([
  ['is cut off', '#/concert/Q29uY2Vyd'],
  ['has a percent sign that is none', '#/concert/%E0%A4%A'],
  ['is of nothing', `#/concert/${globalId('Concert', '00000000-0000-4000-8000-000000000000')}`],
  ['is of something else', `#/concert/${globalId('User', '00000000-0000-4000-8000-000000000000')}`],
  ['leads to no concert', '#/elsewhere'],
])('a link that %s: the page says so, and leads on', async (_, link) => {
  await createSale(server)
  const page = await open(await visitor(), new URL(`/${link}`, server.url).href)
  await page
    .getByRole('alert')
    .getByText(/There is no such concert|This link leads to no concert/)
    .waitFor()
  const back = page.getByRole('link', { name: 'All concerts' })
  if ((await back.count()) > 0) await back.click()
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .waitFor()
})

test('an unknown path: the page says so, and shows the concerts', async () => {
  const { concertId } = await createSale(server)
  const page = await open(await visitor(), new URL('/nowhere', server.url).href)
  await page.getByRole('alert').getByText('This link leads to no concert.').waitFor()
  await page
    .getByRole('link', { name: /Rehearsal/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Join the queue' }).waitFor()
  await page.goto(new URL(`/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).waitFor()
  // For programs it is what it is.
  const ask = async (accept: string, path = '/nowhere') => {
    const { status, headers } = await fetch(new URL(path, server.url), { headers: { accept } })
    return [status, headers.get('content-type')?.includes('text/html') ?? false, headers.get('cache-control')]
  }
  expect(await ask('text/html,*/*')).toEqual([404, true, 'no-store'])
  expect(await ask('*/*')).toEqual([404, false, 'no-store'])
  expect(await ask('text/html', '/live')).toEqual([200, false, 'no-store'])
})

test('the booking code of a ticket finds the buyer, and shows which reservation it is', async () => {
  const { concertId, performanceIds, operator } = await createSale(server)
  const user = await server.user()
  await buy(user, concertId, performanceIds[0] ?? '', 5)
  const page = await open(await signedIn(user), concertUrl(concertId))
  const code = (await page.getByText(/^[0-9A-F]{4} [0-9A-F]{4}$/).textContent()) ?? ''
  const dashboard = await open(await visitor(), new URL('/operator', server.url).href)
  await dashboard.getByLabel('Operator’s access token').fill(operator.accessToken)
  await dashboard.getByRole('button', { name: 'Sign in' }).click()
  await dashboard.getByLabel('Booking code, or user or reservation id').fill(code)
  await dashboard.getByRole('button', { name: 'Find' }).click()
  const match = dashboard
    .getByTestId('buyer')
    .getByRole('listitem')
    .filter({ has: dashboard.locator('mark') })
  await match.filter({ hasText: 'seats 5, sold' }).waitFor()
  expect(await match.locator('mark').textContent()).toBe(`booking code ${code}`)
  for (const mistyped of [`${code}7`, 'O000 0000', 'not an id']) {
    await dashboard.getByLabel('Booking code, or user or reservation id').fill(mistyped)
    await dashboard.getByRole('button', { name: 'Find' }).click()
    await dashboard.getByText(/^This is neither a booking code/).waitFor()
  }
  await dashboard.getByLabel('Booking code, or user or reservation id').fill('0000 0000')
  await dashboard.getByRole('button', { name: 'Find' }).click()
  await dashboard.getByText('No buyer is found.').waitFor()
})
