/** How long a change takes to reach those who listen, and how many were let in. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSale, join, statusOf, type Sale, type Status } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { leaveQueue, updateQueue, statusSubscription } from '../support/operations.ts'
import { scrapeAll } from './scrape.ts'

let server: TestServer
let sale: Sale
beforeAll(async () => {
  server = await startServer()
  sale = await createSale(server, { capacity: 1 })
})
afterAll(() => server.stop())

const concertOf = (id: string): string => Buffer.from(id, 'base64').toString().replace('Concert:', '')

test('whoever is let in hears of it, and so do the others', async () => {
  const concert = concertOf(sale.concertId)
  const buyers = await Promise.all([1, 2, 3].map(() => server.user()))
  const tokens: string[] = []
  for (const buyer of buyers) tokens.push((await join(buyer, sale.concertId)).token)
  const streams = buyers.map((buyer, index) =>
    buyer.subscribe<{ queueTicketChanges: { status: Status } }>(
      'ws',
      statusSubscription,
      {},
      { queueToken: tokens[index] },
    ),
  )
  await Promise.all(streams.map((stream) => stream.next()))
  expect((await scrapeAll(server.url)).value('stagedoor_queue_admissions_total', { concert })).toBe(1)

  const [first] = buyers
  if (first) await leaveQueue(first, tokens[0] ?? '')
  await streams[1]?.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted')
  await streams[2]?.until(({ queueTicketChanges: { status } }) => status.position === 1)

  for (const to of ['admitted', 'front', 'queue']) {
    const count = async () =>
      (await scrapeAll(server.url)).value('stagedoor_push_latency_seconds_count', { to })
    await expect.poll(count, { message: to }).toBeGreaterThan(0)
    const { value } = await scrapeAll(server.url)
    const labels = { to, le: '10' }
    expect(value('stagedoor_push_latency_seconds_bucket', labels)).toBe(await count())
  }
  expect((await scrapeAll(server.url)).value('stagedoor_queue_admissions_total', { concert })).toBe(2)
  await Promise.all(streams.map((stream) => stream.stop()))
})

test('admissions are counted when many are let in at once', async () => {
  const { concertId, operator } = await createSale(server, { capacity: 1 })
  const concert = concertOf(concertId)
  const buyers = await Promise.all(Array.from({ length: 10 }, () => server.user()))
  const tokens = await Promise.all(buyers.map(async (buyer) => (await join(buyer, concertId)).token))
  await updateQueue(operator, { concertId, capacity: 8 })
  const admitted = async () => {
    const statuses = await Promise.all(buyers.map((buyer, index) => statusOf(buyer, tokens[index] ?? '')))
    return statuses.filter(({ __typename }) => __typename === 'Admitted').length
  }
  await expect.poll(admitted).toBe(8)
  const { value } = await scrapeAll(server.url)
  expect(value('stagedoor_queue_admissions_total', { concert })).toBe(8)
  expect(value('stagedoor_queue_admitted', { concert })).toBe(8)
  expect(value('stagedoor_queue_waiting', { concert })).toBe(2)
})
