import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBuyersInEachState } from '../support/buyers.ts'
import { eventually } from '../support/eventually.ts'
import { errorCodeOf, leaveQueue, updateQueue } from '../support/operations.ts'
import { createSale, join, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const statsFields = `at issued waiting admitted finished lapsed admissionsPerSecond
  sold held free oversold revenue`

interface Stats {
  at: string
  issued: number
  waiting: number
  admitted: number
  finished: number
  lapsed: number
}

const statsOf = async ({ operator, concertId }: Sale): Promise<Stats> => {
  const query = `query ($id: ID!) { concertStats(concertId: $id) { ${statsFields} } }`
  return (await operator.request<{ concertStats: Stats }>(query, { id: concertId })).concertStats
}

const seatCounts = { sold: 3, held: 1, free: 6, oversold: 0, revenue: 300 }
const queueCounts = { issued: 5, waiting: 1, admitted: 2, finished: 1, lapsed: 1 }

describe('the statistics of a concert', () => {
  test('add up, and are pushed when they change', async () => {
    const { sale, waiting } = await createBuyersInEachState(server)
    await eventually(async () => expect(await statsOf(sale)).toMatchObject({ ...queueCounts, ...seatCounts }))

    const { operator, concertId } = sale
    const stream = operator.subscribe<{ concertStatsChanges: Stats }>(
      'ws',
      `subscription ($id: ID!) { concertStatsChanges(concertId: $id) { ${statsFields} } }`,
      { id: concertId },
    )
    expect((await stream.next())?.concertStatsChanges).toMatchObject({ ...queueCounts, ...seatCounts })
    await leaveQueue(waiting.user, waiting.token)
    const left = { ...queueCounts, waiting: 0, lapsed: 2 }
    expect(
      (await stream.until(({ concertStatsChanges }) => concertStatsChanges.waiting === 0))
        ?.concertStatsChanges,
    ).toMatchObject(left)
    await stream.stop()
  })

  test('include the settings, and are pushed at most once a second however busy the queue is', async () => {
    const { operator, concertId } = await createSale(server, { capacity: 3 })
    const stream = operator.subscribe<{ concertStatsChanges: { settings: object; issued: number } }>(
      'ws',
      `subscription ($id: ID!) {
        concertStatsChanges(concertId: $id) { issued settings { capacity ratePerSecond paused } } }`,
      { id: concertId },
    )
    const settings = { capacity: 3, ratePerSecond: null, paused: false }
    expect((await stream.next())?.concertStatsChanges.settings).toEqual(settings)
    await updateQueue(await server.user('operator'), { concertId, paused: true })
    expect((await stream.next())?.concertStatsChanges.settings).toEqual({ ...settings, paused: true })

    const over = new AbortController()
    const joining = (async () => {
      while (!over.signal.aborted) await join(await server.user(), concertId)
    })()
    const issued: number[] = []
    while (issued.length < 4) issued.push((await stream.next())?.concertStatsChanges.issued ?? 0)
    over.abort()
    await Promise.all([joining, stream.stop()])
    // Between two updates more than one user has joined.
    for (const [index, count] of issued.entries())
      expect(count).toBeGreaterThan((issued[index - 1] ?? -9) + 1)
  })

  test('are kept for half an hour; a queue that was never used has none', async () => {
    const { sale } = await createBuyersInEachState(server)
    const query = `query ($id: ID!) { concertHistory(concertId: $id) { ${statsFields} } }`
    const historyOf = async ({ operator, concertId }: Sale) =>
      (await operator.request<{ concertHistory: Stats[] }>(query, { id: concertId })).concertHistory
    await eventually(async () => expect((await historyOf(sale)).length).toBeGreaterThan(0))
    for (const sample of await historyOf(sale))
      expect(sample.issued).toBe(sample.waiting + sample.admitted + sample.finished + sample.lapsed)
    expect(await historyOf(await createSale(server))).toEqual([])
  })

  test('are the base of a forecast, which changes nothing', async () => {
    const { sale } = await createBuyersInEachState(server)
    const query = `query ($id: ID!, $capacity: Int, $rate: Float, $paused: Boolean) {
      queueForecast(concertId: $id, capacity: $capacity, ratePerSecond: $rate, paused: $paused) {
        waiting admissionsPerSecond seconds } }`
    const ask = async (settings: object) =>
      (await sale.operator.request<{ queueForecast: object }>(query, { id: sale.concertId, ...settings }))
        .queueForecast
    await eventually(async () => expect(await statsOf(sale)).toMatchObject(queueCounts))
    expect(await ask({ paused: true })).toEqual({ waiting: 1, admissionsPerSecond: 0, seconds: null })
    expect(await ask({ capacity: 10, rate: 0.1 })).toMatchObject({ seconds: 10 })
    expect(await statsOf(sale)).toMatchObject(queueCounts)
  })
})

test('only operators read statistics, and only of an existing concert', async () => {
  const { operator, concertId } = await createSale(server)
  const unknown = Buffer.from(`Concert:${randomUUID()}`).toString('base64')
  const user = await server.user()
  for (const query of [
    'query ($id: ID!) { concertStats(concertId: $id) { at } }',
    'query ($id: ID!) { concertHistory(concertId: $id) { at } }',
    'query ($id: ID!) { queueForecast(concertId: $id) { seconds } }',
  ]) {
    expect(errorCodeOf(await user.send(query, { id: concertId }))).toBe('FORBIDDEN')
    expect(errorCodeOf(await user.send(query, { id: concertId }, { accessToken: undefined }))).toBe(
      'UNAUTHENTICATED',
    )
    expect(errorCodeOf(await operator.send(query, { id: unknown }))).toBe('NOT_FOUND')
  }
})
