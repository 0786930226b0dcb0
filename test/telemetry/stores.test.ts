/** What the stores know of a sale, and what /metrics says when they are away. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { createSale, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { scrape, scrapeAll } from './scrape.ts'

let server: TestServer
let database: TestDatabase
let ways: Record<'postgres' | 'redis', TcpProxy>
let concert: string
beforeAll(async () => {
  database = await createDatabase()
  ways = { postgres: await createTcpProxy(database.url), redis: await createTcpProxy(inject('redisUrl')) }
  server = await startServer({
    DATABASE_URL: ways.postgres.url,
    REDIS_URL: ways.redis.url,
    DATABASE_POOL_SIZE: '2',
    LOG_LEVEL: 'silent',
  })
  const sale = await createSale(server, { capacity: 2 })
  concert = Buffer.from(sale.concertId, 'base64').toString().replace('Concert:', '')
  for (let buyer = 0; buyer < 5; buyer++) await join(await server.user(), sale.concertId)
})
afterAll(async () => {
  await server.stop()
  ways.postgres.close()
  ways.redis.close()
  await database.drop()
})

const read = () => scrape(server.url)
const readAll = () => scrapeAll(server.url)

test('counts who waits and who is let in', async () => {
  const { value } = await readAll()
  expect(value('stagedoor_queue_waiting', { concert })).toBe(3)
  expect(value('stagedoor_queue_admitted', { concert })).toBe(2)
})

test('tells of events that nobody delivers, and how old the oldest is', async () => {
  await expect.poll(async () => (await readAll()).value('stagedoor_outbox_events')).toBe(0)
  expect((await readAll()).value('stagedoor_outbox_oldest_seconds')).toBe(0)
  await database.sql`
    insert into outbox (type, subject_id, data, occurred_at, leased_until)
    select 'x', gen_random_uuid(), '{}', clock_timestamp() - make_interval(secs => 100 - n), 'infinity'
    from generate_series(1, 3) as n`
  const { value } = await readAll()
  expect(value('stagedoor_outbox_events')).toBe(3)
  const oldest = value('stagedoor_outbox_oldest_seconds')
  expect(oldest).toBeGreaterThanOrEqual(99)
  expect(oldest).toBeLessThan(600)
  await database.sql`delete from outbox where type = 'x'`
})

test('tells of a bounded number of concerts, those used last', async () => {
  const crowded = await startServer({ LOG_LEVEL: 'silent' })
  const user = await crowded.user()
  const concerts: string[] = []
  for (let count = 0; count < 53; count++) {
    const { concertId } = await createSale(crowded)
    await join(user, concertId)
    concerts.push(Buffer.from(concertId, 'base64').toString().replace('Concert:', ''))
  }
  // An admission round that was under way when the last one joined has just marked all the others.
  const newest = async () =>
    (await scrapeAll(crowded.url)).value('stagedoor_queue_waiting', { concert: concerts.at(-1) ?? '' })
  await expect.poll(newest).toBe(0)
  const { text } = await scrapeAll(crowded.url)
  expect(text.match(/^stagedoor_queue_waiting\{/gm)).toHaveLength(50)
  expect(text.match(/^stagedoor_queue_admissions_total\{/gm)).toHaveLength(50)
  await crowded.stop()
})

test('however many scrape at once, the stores are asked once', async () => {
  const blocker = await database.sql.reserve()
  await blocker`begin`
  await blocker`lock table outbox`
  try {
    const scrapes = await Promise.all(Array.from({ length: 50 }, read))
    for (const { value } of scrapes) {
      expect(value('stagedoor_up', { store: 'postgres' })).toBe(0)
      // The jobs wait for that table, too.
      expect(value('stagedoor_postgres_calls_waiting')).toBeLessThan(10)
    }
  } finally {
    await blocker`rollback`
    blocker.release()
  }
})

test('tells how busy the pool is', async () => {
  const blocker = await database.sql.reserve()
  await blocker`begin`
  await blocker`lock table concerts`
  try {
    const user = await server.user()
    const stuck: Promise<unknown>[] = []
    const busy = async () => {
      // Those of the last time may have been given up by now.
      for (let more = 0; more < 5; more++) stuck.push(user.send('{ concerts { edges { node { title } } } }'))
      return (await read()).value('stagedoor_postgres_connections_busy')
    }
    await expect.poll(busy).toBe(2)
    await blocker`rollback`
    await Promise.all(stuck)
  } finally {
    await blocker`rollback`
    blocker.release()
  }
  const { value } = await read()
  expect(value('stagedoor_postgres_connections_max')).toBe(2)
  expect(value('stagedoor_postgres_connections')).toBeGreaterThan(0)
})

const metricsOf = {
  postgres: ['stagedoor_outbox_events', 'stagedoor_outbox_oldest_seconds'],
  redis: ['stagedoor_queue_waiting', 'stagedoor_queue_admitted'],
}

describe.each(['postgres', 'redis'] as const)('with %s', (store) => {
  const other = store === 'postgres' ? 'redis' : 'postgres'
  test.each(['cut', 'blackhole'] as const)('away (%s), a scrape is answered and says so', async (how) => {
    await expect.poll(async () => (await read()).value('stagedoor_up')).toBe(2)
    const way = ways[store]
    way[how]()
    try {
      let scraped = await read()
      const otherAnswers = async () => {
        scraped = await read()
        return scraped.value('stagedoor_up', { store: other })
      }
      await expect.poll(otherAnswers).toBe(1)
      const { value } = scraped
      expect(value('stagedoor_up', { store })).toBe(0)
      for (const name of metricsOf[store]) expect(value(name)).toBeUndefined()
      for (const name of metricsOf[other]) expect(value(name)).toBeDefined()
    } finally {
      way.restore()
    }
  })
})
