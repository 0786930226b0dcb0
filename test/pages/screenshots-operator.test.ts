/** Pictures of the dashboard for the documentation: `SCREENSHOTS=1 npx vitest run test/pages/screenshots-operator.test.ts`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeys } from '../../src/redis/keys.ts'
import { parseGlobalId } from '../../src/schema/ids.ts'
import { useBrowser } from '../support/browser.ts'
import { charge, createSale, hold, join, pay, statusOf, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { leaveQueue, updateQueue } from '../support/operations.ts'

const WIDTH = 1_160
const SALE_MS = 50_000
/** What the charts are spread over. */
const SHOWN_MS = 28 * 60_000

let server: TestServer
const { visitor, open } = useBrowser()

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** Somebody who waits, chooses, thinks about it, and mostly pays. */
async function visit({ concertId, performanceIds }: Sale, until: number): Promise<void> {
  const user = await server.user()
  const { token } = await join(user, concertId)
  while ((await statusOf(user, token)).__typename === 'Waiting') {
    if (Date.now() > until) return
    await sleep(1_500)
  }
  await sleep(500 + Math.random() * 1_500)
  const first = 1 + Math.floor(Math.random() * 200)
  const seats = [first, first + 1, first + 2].slice(0, 1 + Math.floor(Math.random() * 3))
  const { __typename, id, price } = await hold(user, token, performanceIds[0] ?? '', seats)
  await sleep(1_000 + Math.random() * 2_500)
  if (__typename !== 'HoldSeatsPayload' || Math.random() < 0.1) {
    await leaveQueue(user, token)
    return
  }
  await charge(user, Number(price))
  await pay(user, token, id)
}

const fields = `at issued waiting admitted finished lapsed admissionsPerSecond sold held free oversold revenue
  settings { capacity ratePerSecond paused }`

type Sample = Record<'admitted' | 'finished' | 'lapsed', number>

/** Sells for a while. @param pace how many come in a second, from 0 at the beginning to 1 at the end */
async function sell(sale: Sale, pace: (part: number) => number): Promise<void> {
  const startedAt = Date.now()
  const samples: Sample[] = []
  const visits: Promise<void>[] = []
  for (let part = 0, due = 0; part < 1; part = (Date.now() - startedAt) / SALE_MS) {
    for (due += pace(part) / 2; due >= 1; due -= 1) visits.push(visit(sale, startedAt + SALE_MS))
    const { concertStats } = await sale.operator.request<{ concertStats: Sample }>(
      `query ($id: ID!) { concertStats(concertId: $id) { ${fields} } }`,
      { id: sale.concertId },
    )
    samples.push(concertStats)
    await sleep(500)
  }
  await Promise.all(visits)
  await spread(sale, samples)
}

/** Stores the samples of a minute as the history of half an hour. */
async function spread({ concertId }: Sale, samples: readonly Sample[]): Promise<void> {
  const redis = new Redis(server.env['REDIS_URL'] ?? '')
  const key = createKeys(server.env['REDIS_PREFIX']).history(parseGlobalId(concertId)?.id ?? '')
  const begin = Date.now() - SHOWN_MS
  const history = samples.map((sample, index) =>
    JSON.stringify({
      ...sample,
      admittedTotal: sample.admitted + sample.finished + sample.lapsed,
      at: new Date(begin + (index / samples.length) * SHOWN_MS),
    }),
  )
  await redis.del(key)
  await redis.rpush(key, ...history)
  redis.disconnect()
}

test.skipIf(!process.env['SCREENSHOTS'])(
  'pictures of the dashboard in a busy hour',
  async () => {
    const sales = [
      await createSale(server, { capacity: 4, seatCount: 300, seatPrice: 42_000 }),
      await createSale(server, { capacity: 30, seatCount: 800, seatPrice: 38_000, rate: 5 }),
      await createSale(server, { capacity: 10, seatCount: 204, seatPrice: 55_000 }),
    ] as const
    for (const [index, title] of [
      'Seoul Chamber Nights',
      'River Stage Festival',
      'Opening Nights',
    ].entries()) {
      await server.database.sql`update concerts set title = ${title}
        where id = (select id from concerts order by id offset ${index} limit 1)`
    }
    const rush = (part: number) => (part < 0.1 ? 1 : part < 0.3 ? 11 : part < 0.7 ? 2 : 0.5)
    await Promise.all([sell(sales[0], () => 1.2), sell(sales[1], (part) => 4 * part), sell(sales[2], rush)])
    const { concertId, operator } = sales[2]
    await updateQueue(operator, { concertId, ratePerSecond: 3 })
    await updateQueue(await server.user('operator'), { concertId: sales[0].concertId, paused: true })

    const come = async (colorScheme: 'light' | 'dark') => {
      const page = await open(
        await visitor({ viewport: { width: WIDTH, height: 900 }, colorScheme, timezoneId: 'Asia/Seoul' }),
        new URL('/operator', server.url).href,
      )
      await page.getByLabel('Operator’s access token').fill(operator.accessToken)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect.poll(() => page.getByRole('img', { name: /^Sold in the last/ }).count()).toBe(3)
      return page
    }
    const desktop = await come('light')
    const last = await desktop.getByRole('region', { name: 'Seoul Chamber Nights' }).boundingBox()
    await desktop.screenshot({
      path: 'docs/images/operator-dashboard.png',
      fullPage: true,
      clip: { x: 0, y: 0, width: WIDTH, height: Math.ceil((last?.y ?? 0) + (last?.height ?? 0)) + 6 },
    })

    const dark = await come('dark')
    const card = dark.getByRole('region', { name: 'Opening Nights' })
    await card.getByLabel('Capacity', { exact: true }).last().fill('24')
    await card.getByRole('button', { name: 'Forecast' }).click()
    await card.getByRole('button', { name: 'Apply' }).waitFor()
    await card.screenshot({ path: 'docs/images/operator-concert.png' })
  },
  180_000,
)
