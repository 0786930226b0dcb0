import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { secret, startServer, type TestServer, type TestUser } from '../support/server.ts'
import { updateQueue } from '../support/operations.ts'
import { claimTurn } from './claim-turn.ts'

let server: TestServer
const { visitor, open } = useBrowser()
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function signIn(page: Page, accessToken: string): Promise<void> {
  await page.getByLabel('Operator’s access token').fill(accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function openDashboard({ accessToken }: Pick<TestUser, 'accessToken'>): Promise<Page> {
  const page = await open(
    await visitor({ viewport: { width: 1280, height: 1000 }, timezoneId: 'Asia/Seoul' }),
    new URL('/operator', server.url).href,
  )
  await signIn(page, accessToken)
  await page.getByRole('heading', { name: 'Audit log' }).waitFor()
  return page
}

/** The card of the concert that was added last. */
const newest = (page: Page): Locator => page.getByRole('region', { name: 'Rehearsal' }).first()

/** Waits for an entry of the audit log. */
const waitForAuditEntry = (page: Page, line: string) =>
  page.getByRole('region', { name: 'Audit log' }).getByText(line).first().waitFor()

/** What axe finds that keeps people out. */
async function axeViolations(page: Page): Promise<string[]> {
  // Not as a script tag, which the page's policy refuses.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

const settingsOf = async (server: TestServer) =>
  (
    await server.database
      .sql`select queue_capacity as capacity, queue_rate_per_second as rate, queue_paused as paused
      from concerts order by id desc limit 1`
  )[0]

describe('the dashboard', () => {
  test('shows the statistics, live and in charts, and finds the buyer', async () => {
    const { concertId, performanceIds, operator } = await createSale(server, { capacity: 1 })
    const buyer = await server.user()
    const { token } = await join(buyer, concertId)
    const reservation = await hold(buyer, token, performanceIds[0] ?? '', [1, 2])
    await join(await server.user(), concertId)
    const page = await openDashboard(operator)
    const card = newest(page)
    const stat = (name: string) => card.getByTestId(name).textContent()
    await expect.poll(() => stat('waiting')).toBe('1')
    await card.getByText('OK: every ticket is accounted for').waitFor()
    await card.getByText('OK: no seat is oversold').waitFor()

    await charge(buyer, 200)
    await pay(buyer, token, reservation.id)
    await expect.poll(() => stat('revenue')).toBe('200')
    await expect.poll(() => stat('sold')).toBe('2')
    const sold = card.getByRole('img', {
      name: 'Sold in the last half hour: 0 at first, 2 now, 2 at the most',
    })
    // Two levels, and the way between them.
    expect(await sold.locator('.line').getAttribute('d')).toMatch(
      /^M[\d.]+ 97\.0(H[\d.]+V97\.0)*H[\d.]+V3\.0/,
    )
    await sold.locator('xpath=..').getByText('highest 2').waitFor()

    const found = page.getByTestId('buyer')
    for (const id of [buyer.uuid, buyer.id, reservation.id]) {
      await page.getByLabel('Booking code, or user or reservation id').fill(id)
      await page.getByRole('button', { name: 'Find', exact: true }).click()
      await found.getByText('Rehearsal: Queue ticket 1: finished').waitFor()
      await found.getByText('seats 1, 2, sold, paid 200 P').waitFor()
      await page.getByLabel('Booking code, or user or reservation id').fill('')
      await page.getByRole('button', { name: 'Find', exact: true }).click()
    }
  })

  test('adds a concert with its dates, each with its own seats, and clears the form', async () => {
    const page = await openDashboard(await server.user('operator'))
    const form = page.getByRole('form', { name: 'Add a concert' })
    await form.getByLabel('Title').fill('Winter nights')
    await form.getByLabel('Per second at the most').fill('2.5')
    await form.getByRole('button', { name: 'One more date' }).click()
    for (const [number, seats, price] of [
      ['1', '100', '700'],
      ['2', '200', '900'],
    ] as const) {
      const date = form.getByRole('group', { name: `Date ${number}` })
      await date.getByLabel('Starts at (Asia/Seoul time)').fill(`2999-12-2${number}T19:00`)
      await date.getByLabel('Seats', { exact: true }).fill(seats)
      await date.getByLabel('Price of a seat').fill(price)
    }
    await form.getByRole('button', { name: 'Add a concert' }).click()
    await page.getByRole('heading', { name: 'Winter nights' }).waitFor()
    await form.getByText('The concert has been added.').waitFor()
    expect(await form.getByLabel('Title').inputValue()).toBe('')
    expect(await form.getByRole('group').count()).toBe(1)
    const dates = await server.database.sql`
      select p.starts_at, p.seat_count, p.seat_price::int, c.queue_rate_per_second as rate from performances p
      join concerts c on c.id = p.concert_id where c.title = 'Winter nights' order by 1`
    expect(dates.slice()).toEqual([
      { starts_at: new Date('2999-12-21T10:00Z'), seat_count: 100, seat_price: 700, rate: 2.5 },
      { starts_at: new Date('2999-12-22T10:00Z'), seat_count: 200, seat_price: 900, rate: 2.5 },
    ])
  })

  test('adds a concert once, although the response was lost', async () => {
    const page = await openDashboard(await server.user('operator'))
    let lost = false
    await page.route('**/graphql', async (route) => {
      if (lost || !route.request().postData()?.includes('createConcert')) return route.continue()
      lost = true
      await route.fetch()
      await route.abort()
    })
    const form = page.getByRole('form', { name: 'Add a concert' })
    await form.getByLabel('Title').fill('Only one')
    await form.getByLabel('Starts at').fill('2999-12-24T19:00')
    await form.getByRole('button', { name: 'Add a concert' }).click()
    await form.getByText('The concert has been added.').waitFor()
    expect(lost).toBe(true)
    expect(await server.database.sql`select from concerts where title = 'Only one'`).toHaveLength(1)
  })
})

describe('a change', () => {
  test('is shown with its forecast: nothing is paused before the confirmation, and buyers see both', async () => {
    const { concertId, operator } = await createSale(server, { capacity: 1 })
    await claimTurn(await server.user(), concertId)
    const buyer = await open(await visitor(), new URL(`/#/concert/${concertId}`, server.url).href)
    await buyer.getByRole('button', { name: 'Join the queue' }).click()
    await expect.poll(() => buyer.getByTestId('position').textContent()).toBe('1')
    const page = await openDashboard(operator)
    const card = newest(page)

    await card.getByRole('button', { name: 'Pause' }).click()
    await card.getByText('Pause. 1 waiting: nobody would be admitted.').waitFor()
    expect(await settingsOf(server)).toMatchObject({ paused: false })
    expect(await axeViolations(page)).toEqual([])
    await card.getByRole('button', { name: 'Discard' }).click()
    expect(await card.getByRole('button', { name: 'Apply' }).count()).toBe(0)
    expect(await settingsOf(server)).toMatchObject({ paused: false })

    await card.getByRole('button', { name: 'Pause' }).click()
    await card.getByRole('button', { name: 'Apply' }).click()
    await card.getByText('paused', { exact: true }).waitFor()
    await buyer
      .getByText(/paused/i)
      .first()
      .waitFor()
    await waitForAuditEntry(page, 'paused: false → true')

    await card.getByRole('button', { name: 'Resume' }).click()
    await card.getByText('Resume. 1 waiting').waitFor()
    await card.getByRole('button', { name: 'Apply' }).click()
    await card.getByText('running', { exact: true }).waitFor()
    await buyer
      .getByText(/paused/i)
      .first()
      .waitFor({ state: 'hidden' })
    await waitForAuditEntry(page, 'paused: true → false')
  })

  test('changes only what was typed, and only what the forecast was about', async () => {
    const { concertId, operator } = await createSale(server, { capacity: 1 })
    for (let user = 0; user < 4; user++) await join(await server.user(), concertId)
    const page = await openDashboard(operator)
    const card = newest(page)
    const capacity = card.getByLabel('Capacity', { exact: true }).last()
    const forecast = card.getByRole('button', { name: 'Forecast' })
    const confirm = card.getByRole('button', { name: 'Apply' })
    await forecast.click()
    await card.getByText('Nothing would change.').waitFor()

    await capacity.fill('10')
    await card.getByLabel('Per second at the most').fill('0.01')
    await forecast.click()
    await card.getByText('Capacity: 1 → 10. Per second at the most: no limit → 0.01.').waitFor()
    await card.getByText('3 waiting: the last one in 5 min.').waitFor()
    await card.getByLabel('Per second at the most').fill('')
    expect(await confirm.count()).toBe(0)
    await forecast.click()
    await confirm.waitFor()
    expect(await settingsOf(server)).toEqual({ capacity: 1, rate: null, paused: false })

    // Another operator changes the settings: the forecast is gone, and what was typed stays.
    await updateQueue(await server.user('operator'), { concertId, ratePerSecond: 7, paused: true })
    await card.getByText('paused', { exact: true }).waitFor()
    expect(await confirm.count()).toBe(0)
    expect(await capacity.inputValue()).toBe('10')
    await forecast.click()
    await confirm.click()
    await waitForAuditEntry(page, 'capacity: 1 → 10')
    // The field for the rate was emptied here, and so the limit is lifted; that it is paused was not touched.
    expect(await settingsOf(server)).toEqual({ capacity: 10, rate: null, paused: true })

    await updateQueue(operator, { concertId, capacity: 12, paused: false })
    await expect.poll(() => capacity.inputValue()).toBe('12')
  })

  test('can be made by keyboard alone', async () => {
    const { operator } = await createSale(server, { capacity: 1 })
    const page = await open(await visitor(), new URL('/operator', server.url).href)
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    /** Goes on to what has this name. */
    const tabTo = async (name: string) => {
      const isThere = `(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim() === ${JSON.stringify(name)}`
      for (let n = 0; n < 40 && !(await page.evaluate(isThere)); n++) await press('Tab')
      expect(await page.evaluate(isThere)).toBe(true)
    }
    await tabTo('Operator’s access token')
    await page.keyboard.insertText(operator.accessToken)
    await press('Enter')
    await newest(page).getByText('running').waitFor()
    await tabTo('Capacity')
    await press('Control+A')
    await page.keyboard.type('25')
    await press('Enter')
    await newest(page).getByText('Capacity: 1 → 25.').waitFor()
    await tabTo('Apply')
    await press('Enter')
    await waitForAuditEntry(page, 'capacity: 1 → 25')
    expect(await settingsOf(server)).toMatchObject({ capacity: 25 })
  })
})

describe('an operator', () => {
  test('with an expired token is asked for a new one, and told why', async () => {
    const operator = await server.user('operator')
    const page = await openDashboard(operator)
    const stale = await createAuth({ kind: 'secret', secret }).issue(
      { userId: operator.uuid, role: 'operator' },
      -60,
    )
    await page.evaluate(`sessionStorage.setItem('operatorToken', ${JSON.stringify(stale)})`)
    await page.reload()
    await page.getByText('Your access token has expired.').waitFor()
    expect(await axeViolations(page)).toEqual([])
    await signIn(page, operator.accessToken)
    await page.getByRole('heading', { name: 'Audit log' }).waitFor()
    expect(await page.getByText('Your access token has expired.').count()).toBe(0)
  })

  test('with a buyer’s token is refused', async () => {
    const { accessToken } = await server.user()
    const page = await open(await visitor(), new URL('/operator', server.url).href)
    await signIn(page, accessToken)
    await page.getByText('Only operators can do this.').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  test.each(['light', 'dark'] as const)(
    'can use the dashboard with a screen reader and on a phone (%s)',
    async (colorScheme) => {
      const { concertId, operator } = await createSale(server)
      await join(await server.user(), concertId)
      const page = await open(
        await visitor({ colorScheme, viewport: { width: 390, height: 844 } }),
        new URL('/operator', server.url).href,
      )
      expect(await axeViolations(page)).toEqual([])
      await signIn(page, operator.accessToken)
      await newest(page)
        .getByRole('img', { name: /^Waiting in the last half hour/ })
        .waitFor()
      expect(await axeViolations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    },
  )
})

test('every concert and every audit log entry can be reached, however many there are', async () => {
  const operator = await server.user('operator')
  for (let n = 0; n < 12; n++) await createSale(server)
  const [first] = await server.database.sql`update concerts set title = 'The very first'
    where id = (select id from concerts order by id limit 1) returning id`
  expect(first).toBeDefined()
  const page = await openDashboard(operator)
  await expect.poll(() => page.getByRole('region', { name: 'Rehearsal' }).count()).toBe(10)
  await page.getByRole('button', { name: 'Older concerts' }).click()
  await page.getByRole('heading', { name: 'The very first' }).waitFor()
  await page.getByRole('button', { name: 'Older concerts' }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Newest concerts' }).click()
  await page.getByRole('heading', { name: 'The very first' }).waitFor({ state: 'detached' })

  const rows = page.getByRole('region', { name: 'Audit log' }).getByRole('row')
  const { sql } = server.database
  for (let n = 0; n < 20; n++)
    await sql`select record_audit_entry(${operator.uuid}, 'createConcert', null, null, null, ${sql.json({ n })})`
  await page.reload()
  await page.getByText('n: – → 19').waitFor()
  expect(await rows.count()).toBe(21)
  await page.getByRole('button', { name: 'Older entries' }).click()
  await page.getByText('added a concert: Rehearsal').first().waitFor()
  expect(await page.getByText('n: – → 0').count()).toBe(0)
  await page.getByRole('button', { name: 'Newest entries' }).click()
  await page.getByText('n: – → 0').waitFor()
})
