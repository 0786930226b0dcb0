import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { charge, createSale, hold, join, pay, type Sale } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { errorCodeOf, leaveQueue, updateQueue } from '../support/operations.ts'
import { eventually } from '../support/eventually.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const figureFields = `at issued waiting admitted finished lapsed admissionsPerSecond
  sold held free oversold revenue`

interface Figures {
  at: string
  issued: number
  waiting: number
  admitted: number
  finished: number
  lapsed: number
}

/** One who has bought, one who holds, one who has left, and one who waits, in a hall of ten seats. */
async function arrange() {
  const sale = await createSale(server, { capacity: 2, seatCount: 10 })
  const [date = ''] = sale.performanceIds
  const enter = async () => {
    const user = await server.user()
    return { user, ...(await join(user, sale.concertId)) }
  }
  const bought = await enter()
  const sold = await hold(bought.user, bought.token, date, [1, 2, 3])
  await charge(bought.user, 1_000)
  await pay(bought.user, bought.token, sold.id)
  const gone = await enter()
  await leaveQueue(gone.user, gone.token)
  const holding = await enter()
  await hold(holding.user, holding.token, date, [4])
  await enter()
  const waiting = await enter()
  return { sale, bought, holding, waiting }
}

const figuresOf = async ({ operator, concertId }: Sale): Promise<Figures> => {
  const query = `query ($id: ID!) { concertStats(concertId: $id) { ${figureFields} } }`
  return (await operator.request<{ concertStats: Figures }>(query, { id: concertId })).concertStats
}

const sold = { sold: 3, held: 1, free: 6, oversold: 0, revenue: 300 }
const stood = { issued: 5, waiting: 1, admitted: 2, finished: 1, lapsed: 1 }

describe('the figures of a concert', () => {
  test('add up, and are pushed when they change', async () => {
    const { sale, waiting } = await arrange()
    await eventually(async () => expect(await figuresOf(sale)).toMatchObject({ ...stood, ...sold }))

    const { operator, concertId } = sale
    const stream = operator.subscribe<{ concertStatsChanges: Figures }>(
      'ws',
      `subscription ($id: ID!) { concertStatsChanges(concertId: $id) { ${figureFields} } }`,
      { id: concertId },
    )
    expect((await stream.next())?.concertStatsChanges).toMatchObject({ ...stood, ...sold })
    await leaveQueue(waiting.user, waiting.token)
    const left = { ...stood, waiting: 0, lapsed: 2 }
    expect(
      (await stream.until(({ concertStatsChanges }) => concertStatsChanges.waiting === 0))
        ?.concertStatsChanges,
    ).toMatchObject(left)
    await stream.stop()
  })

  test('come with the settings, whoever changed them, and at most once a second however busy it is', async () => {
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
    const crowd = (async () => {
      while (!over.signal.aborted) await join(await server.user(), concertId)
    })()
    const issued: number[] = []
    while (issued.length < 4) issued.push((await stream.next())?.concertStatsChanges.issued ?? 0)
    over.abort()
    await Promise.all([crowd, stream.stop()])
    // By every update many more have joined than one.
    for (const [index, count] of issued.entries())
      expect(count).toBeGreaterThan((issued[index - 1] ?? -9) + 1)
  })

  test('are kept for half an hour, and the line that nobody stood in has none', async () => {
    const { sale } = await arrange()
    const query = `query ($id: ID!) { concertHistory(concertId: $id) { ${figureFields} } }`
    const historyOf = async ({ operator, concertId }: Sale) =>
      (await operator.request<{ concertHistory: Figures[] }>(query, { id: concertId })).concertHistory
    await eventually(async () => expect((await historyOf(sale)).length).toBeGreaterThan(0))
    for (const sample of await historyOf(sale))
      expect(sample.issued).toBe(sample.waiting + sample.admitted + sample.finished + sample.lapsed)
    expect(await historyOf(await createSale(server))).toEqual([])
  })

  test('say what would happen, before anything is changed', async () => {
    const { sale } = await arrange()
    const query = `query ($id: ID!, $capacity: Int, $rate: Float, $paused: Boolean) {
      queueForecast(concertId: $id, capacity: $capacity, ratePerSecond: $rate, paused: $paused) {
        waiting admissionsPerSecond seconds } }`
    const ask = async (settings: object) =>
      (await sale.operator.request<{ queueForecast: object }>(query, { id: sale.concertId, ...settings }))
        .queueForecast
    await eventually(async () => expect(await figuresOf(sale)).toMatchObject(stood))
    expect(await ask({ paused: true })).toEqual({ waiting: 1, admissionsPerSecond: 0, seconds: null })
    expect(await ask({ capacity: 10, rate: 0.1 })).toMatchObject({ seconds: 10 })
    expect(await figuresOf(sale)).toMatchObject(stood)
  })
})

describe('a buyer', () => {
  const query = `query ($id: ID!) { buyer(userId: $id) {
    user { id points { balance } }
    tickets { concert { id } status { __typename ... on Waiting { position } } }
    reservations(last: 20) { edges { node { status price seats { number } payment { amount } } } }
  } }`
  const find = async (operator: TestUser, id: string) =>
    (await operator.request<{ buyer: Record<string, unknown> }>(query, { id })).buyer

  test('is found with what they have', async () => {
    const { sale, bought, holding, waiting } = await arrange()
    const { operator, concertId } = sale
    expect(await find(operator, bought.user.id)).toEqual({
      user: { id: bought.user.id, points: { balance: 700 } },
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Finished' } }],
      reservations: {
        edges: [
          {
            node: {
              status: 'PAID',
              price: 300,
              seats: [{ number: 1 }, { number: 2 }, { number: 3 }],
              payment: { amount: 300 },
            },
          },
        ],
      },
    })
    expect(await find(operator, holding.user.id)).toMatchObject({
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Admitted' } }],
      reservations: { edges: [{ node: { status: 'HELD', payment: null } }] },
    })
    expect(await find(operator, waiting.user.id)).toMatchObject({
      tickets: [{ concert: { id: concertId }, status: { __typename: 'Waiting', position: 1 } }],
      reservations: { edges: [] },
    })
    expect(await find(operator, (await server.user()).id)).toMatchObject({ tickets: [] })
  })
})

test('a buyer is found by a reservation of theirs, and only by one thing at a time', async () => {
  const { operator, concertId, performanceIds } = await createSale(server)
  const user = await server.user()
  const { token } = await join(user, concertId)
  const { id } = await hold(user, token, performanceIds[0] ?? '', [1])
  const query = `query ($userId: ID, $reservationId: ID) {
    buyer(userId: $userId, reservationId: $reservationId) { user { id } tickets { concert { id } } } }`
  const found = await operator.request(query, { reservationId: id })
  expect(found).toEqual({ buyer: { user: { id: user.id }, tickets: [{ concert: { id: concertId } }] } })
  const unknown = Buffer.from(`Reservation:${randomUUID()}`).toString('base64')
  expect(errorCodeOf(await operator.send(query, { reservationId: unknown }))).toBe('NOT_FOUND')
  expect(errorCodeOf(await operator.send(query, { reservationId: id, userId: user.id }))).toBe('BAD_INPUT')
  expect(errorCodeOf(await operator.send(query))).toBe('BAD_INPUT')
  expect(errorCodeOf(await user.send(query, { reservationId: id }))).toBe('FORBIDDEN')
})

describe('what operators change', () => {
  interface Action {
    operatorId: string
    action: string
    concert: { id: string } | null
    userId: string | null
    changes: { name: string; before: string | null; after: string | null }[]
  }
  const query = `query ($id: ID, $first: Int, $after: String) {
    auditLog(concertId: $id, first: $first, after: $after) {
      pageInfo { endCursor hasNextPage }
      edges { node { operatorId action concert { id } userId changes { name before after } } } } }`
  const list = async (operator: TestUser, variables: object) => {
    const { auditLog } = await operator.request<{
      auditLog: {
        pageInfo: { endCursor: string; hasNextPage: boolean }
        edges: { node: Action }[]
      }
    }>(query, variables)
    return { ...auditLog.pageInfo, actions: auditLog.edges.map(({ node }) => node) }
  }

  test('is written down, the newest first, with who did it and what was there before', async () => {
    const { operator, concertId } = await createSale(server, { capacity: 3 })
    const other = await server.user('operator')
    await updateQueue(operator, { concertId, capacity: 5, ratePerSecond: 1.5 })
    await updateQueue(other, { concertId, paused: true })
    const { actions, endCursor } = await list(operator, { id: concertId, first: 2 })
    const about = { action: 'UPDATE_QUEUE', concert: { id: concertId }, userId: null }
    expect(actions).toEqual([
      { ...about, operatorId: other.id, changes: [{ name: 'paused', before: 'false', after: 'true' }] },
      {
        ...about,
        operatorId: operator.id,
        changes: expect.arrayContaining([
          { name: 'capacity', before: '3', after: '5' },
          { name: 'ratePerSecond', before: null, after: '1.5' },
        ]) as Action['changes'],
      },
    ])
    const rest = await list(operator, { id: concertId, first: 2, after: endCursor })
    expect(rest.actions).toMatchObject([{ action: 'CREATE_CONCERT', operatorId: operator.id }])
    expect(rest.hasNextPage).toBe(false)
  })

  test('about somebody’s points is written down too, once, and not what they do themselves', async () => {
    const [operator, user] = [await server.user('operator'), await server.user()]
    await charge(user, 10)
    const mutation = `mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }`
    const input = { userId: user.id, amount: 5, idempotencyKey: randomUUID() }
    await Promise.all([operator.request(mutation, { input }), operator.request(mutation, { input })])
    const { actions } = await list(operator, { first: 100 })
    expect(actions.filter(({ userId }) => userId === user.id)).toEqual([
      {
        operatorId: operator.id,
        action: 'CHARGE_POINTS',
        concert: null,
        userId: user.id,
        changes: [{ name: 'balance', before: '10', after: '15' }],
      },
    ])
  })

  test('stays as it was written', async () => {
    await createSale(server)
    const { sql } = server.database
    await expect(sql`update audit_log set action = 'updateQueue'`).rejects.toThrow('append-only')
    await expect(sql`delete from audit_log`).rejects.toThrow('append-only')
  })

  test('that is refused leaves no trace', async () => {
    const user = await server.user('operator')
    const unknown = Buffer.from(`Concert:${randomUUID()}`).toString('base64')
    expect(errorCodeOf(await updateQueue(user, { concertId: unknown, paused: true }))).toBe('NOT_FOUND')
    const { actions } = await list(user, { first: 100 })
    expect(actions.filter(({ operatorId }) => operatorId === user.id)).toEqual([])
  })

  test('has an id that names nothing else', async () => {
    const { operator } = await createSale(server)
    const { endCursor } = await list(operator, { first: 1 })
    const answer = await operator.send('query ($id: ID!) { node(id: $id) { id } }', { id: endCursor })
    expect(errorCodeOf(answer)).not.toBe('INTERNAL')
  })
})

test('only operators see any of it, and only of a concert that there is', async () => {
  const { operator, concertId } = await createSale(server)
  const unknown = Buffer.from(`Concert:${randomUUID()}`).toString('base64')
  const user = await server.user()
  for (const query of [
    'query ($id: ID!) { concertStats(concertId: $id) { at } }',
    'query ($id: ID!) { concertHistory(concertId: $id) { at } }',
    'query ($id: ID!) { queueForecast(concertId: $id) { seconds } }',
    'query ($id: ID!) { auditLog(concertId: $id) { edges { cursor } } }',
  ]) {
    expect(errorCodeOf(await user.send(query, { id: concertId }))).toBe('FORBIDDEN')
    expect(errorCodeOf(await user.send(query, { id: concertId }, { accessToken: undefined }))).toBe(
      'UNAUTHENTICATED',
    )
    if (!query.includes('auditLog'))
      expect(errorCodeOf(await operator.send(query, { id: unknown }))).toBe('NOT_FOUND')
  }
})
