import axe from 'axe-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay, type Status } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { watchStatus } from '../support/steps.ts'

let server: TestServer
const { visitor, open } = useBrowser()
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function comeToDesk({ accessToken }: TestUser): Promise<Page> {
  const page = await open(
    await visitor({ viewport: { width: 1280, height: 1000 } }),
    new URL('/operator', server.url).href,
  )
  await page.getByLabel('Operator’s access token').fill(accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Who changed what' }).waitFor()
  return page
}

test('the desk shows what happens, and what an operator changes reaches who waits', async () => {
  const { concertId, performanceIds, operator } = await createSale(server, { capacity: 1 })
  const buyer = await server.user()
  const { token: bought } = await join(buyer, concertId)
  const reservation = await hold(buyer, bought, performanceIds[0] ?? '', [1, 2])
  const waiting = await server.user()
  const { token } = await join(waiting, concertId)
  const page = await comeToDesk(operator)
  const card = page.getByRole('region', { name: 'Rehearsal' })
  const figure = (name: string) => card.getByTestId(name).textContent()
  await expect.poll(() => figure('waiting'), { timeout: 15_000 }).toBe('1')
  await card.getByText('In order: every ticket is accounted for').waitFor()
  await card.getByText('In order: no seat is oversold').waitFor()

  const stream = waiting.subscribe<{ queueStatus: Status }>('ws', watchStatus, {}, { queueToken: token })
  await card.getByRole('button', { name: 'Pause' }).click()
  await card.getByRole('button', { name: 'Resume' }).waitFor()
  expect(await stream.until(({ queueStatus }) => queueStatus.paused === true)).not.toBeNull()

  await charge(buyer, 200)
  await pay(buyer, bought, reservation.id)
  await expect.poll(() => figure('pointsTaken'), { timeout: 15_000 }).toBe('200')
  await expect.poll(() => figure('sold'), { timeout: 15_000 }).toBe('2')
  await card.getByRole('button', { name: 'Resume' }).click()
  expect(await stream.until(({ queueStatus }) => queueStatus.__typename === 'Admitted')).not.toBeNull()
  await stream.stop()

  await page.getByLabel('User id').fill(buyer.uuid)
  await page.getByRole('button', { name: 'Find', exact: true }).click()
  const found = page.getByTestId('buyer')
  await found.getByText('finished').waitFor()
  await found.getByText('seats 1, 2, PAID, paid 200 P').waitFor()
  await page.getByText('paused: false → true').waitFor()
})

test('what a change would do is said before it is made', async () => {
  const { concertId, operator } = await createSale(server, { capacity: 1 })
  for (let user = 0; user < 4; user++) await join(await server.user(), concertId)
  const page = await comeToDesk(operator)
  const card = page.getByRole('region', { name: 'Rehearsal' }).first()
  await card.getByLabel('Capacity', { exact: true }).last().fill('10')
  await card.getByLabel('Per second at the most').fill('0.01')
  await card.getByRole('button', { name: 'What would it do?' }).click()
  await card.getByText('3 waiting: the last one in 5 min.').waitFor()
  expect(await card.getByLabel('Capacity', { exact: true }).last().inputValue()).toBe('10')
  const [before] = await server.database.sql`select queue_capacity from concerts order by id desc limit 1`
  expect(before).toEqual({ queue_capacity: 1 })
  await card.getByRole('button', { name: 'Change it' }).click()
  await page.getByText(/capacity: 1 → 10/).waitFor()
  const [after] = await server.database.sql`select queue_capacity from concerts order by id desc limit 1`
  expect(after).toEqual({ queue_capacity: 10 })
})

test('a concert is added, and everybody can use the desk', async () => {
  const operator = await server.user('operator')
  const page = await comeToDesk(operator)
  await page.getByLabel('Title').fill('Winter nights')
  await page.getByRole('button', { name: 'One more date' }).click()
  await page.getByLabel('Starts at').first().fill('2999-12-24T19:00')
  await page.getByLabel('Starts at').last().fill('2999-12-25T19:00')
  await page.getByRole('button', { name: 'Add a concert' }).click()
  await page.getByRole('heading', { name: 'Winter nights' }).waitFor()
  const dates = await server.database.sql`select from performances p
    join concerts c on c.id = p.concert_id where c.title = 'Winter nights'`
  expect(dates).toHaveLength(2)

  // Not as a script tag, which the page's policy refuses.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
})

test('a buyer’s token opens nothing', async () => {
  const { accessToken } = await server.user()
  const page = await open(await visitor(), new URL('/operator', server.url).href)
  await page.getByLabel('Operator’s access token').fill(accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Only operators can do this.').waitFor()
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})
