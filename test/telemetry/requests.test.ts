/** Whatever clients ask for, on whichever way, is counted once, under a name of ours. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createScenario, unknownId, type Scenario } from '../support/scenario.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'
import { seatSubscription, statusSubscription } from '../support/operations.ts'
import { scrape, type Scrape } from './scrape.ts'

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer({ LOG_LEVEL: 'silent' })
  scene = await createScenario(server)
  // So that there is a bug to be found.
  await server.database.sql.unsafe('drop function cancel_reservation')
})
afterAll(() => server.stop())

let before: Scrape
beforeEach(async () => {
  before = await scrape(server.url)
})

const total = ({ value }: Scrape, labels: Record<string, string> = {}): number =>
  value('stagedoor_requests_total', labels) ?? 0

/** Says which request was counted since; there has to be one. */
async function counted(times: number): Promise<[operation: string, outcome: string][]> {
  const after = await scrape(server.url)
  expect(total(after) - total(before)).toBe(times)
  const series = [...after.text.matchAll(/^stagedoor_requests_total\{operation="(\w+)",outcome="(\w+)"\}/gm)]
  return series
    .map(([, operation = '', outcome = '']): [string, string] => [operation, outcome])
    .filter(([operation, outcome]) => {
      const labels = { operation, outcome }
      return total(after, labels) - total(before, labels) === times
    })
}

const requests: [
  what: string,
  operation: string,
  outcome: string,
  query: string,
  variables?: () => object,
][] = [
  ['a query', 'concerts', 'ok', 'query Mine { mine: concerts(first: 1) { edges { node { id } } } }'],
  [
    'two fields of a name',
    'concerts',
    'ok',
    '{ a: concerts(first: 1) { __typename } b: concerts { __typename } }',
  ],
  ['several fields', 'other', 'ok', '{ concerts(first: 1) { __typename } me { id } }'],
  ['a fragment', 'other', 'ok', '{ ...F } fragment F on Query { concerts(first: 1) { __typename } }'],
  ['introspection', 'other', 'ok', '{ __typename }'],
  ['one of several', 'me', 'ok', 'query A { me { id } } query B { points { balance } }'],
  [
    'a refusal that nobody looks at',
    'payReservation',
    'refused',
    'mutation ($input: PayReservationInput!) { payReservation(input: $input) { ... on PayReservationPayload { payment { amount } } } }',
    () => ({ input: { reservationId: unknownId('Reservation'), idempotencyKey: randomUUID() } }),
  ],
  ['a bad argument', 'concert', 'BAD_INPUT', '{ concert(id: "x") { id } }'],
  [
    'what is not there',
    'issueQueueToken',
    'NOT_FOUND',
    'mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { __typename } }',
    () => ({ id: unknownId('Concert') }),
  ],
  [
    'a bug',
    'cancelReservation',
    'INTERNAL',
    'mutation ($input: CancelReservationInput!) { cancelReservation(input: $input) { __typename } }',
    () => ({ input: { reservationId: scene.minjiHold, idempotencyKey: randomUUID() } }),
  ],
  ['an unknown field', 'other', 'BAD_INPUT', '{ nothing }'],
  ['a syntax error', 'other', 'BAD_INPUT', '{ concerts('],
  ['a missing variable', 'concert', 'BAD_INPUT', 'query ($id: ID!) { concert(id: $id) { id } }'],
]

describe.each(['the fast path', 'Yoga', 'WebSocket'])('over %s', (way) => {
  test.each(requests)('%s', async (_, operation, outcome, query, variables = () => ({})) => {
    // Often enough that it is compiled.
    const TIMES = 4
    const operationName = query.includes('query A') ? { operationName: 'A' } : {}
    for (let time = 0; time < TIMES; time++) {
      if (way === 'WebSocket') {
        await sendOverSocket(
          server.url,
          query,
          variables(),
          { accessToken: scene.minji.accessToken, queueToken: scene.minjiTicket },
          operationName,
        )
        continue
      }
      await fetch(way === 'the fast path' ? server.url : `${server.url}?`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${scene.minji.accessToken}`,
          'x-queue-token': scene.minjiTicket,
        },
        body: JSON.stringify({ query, variables: variables(), ...operationName }),
      }).then((response) => response.text())
    }
    expect(await counted(TIMES)).toEqual([[operation, outcome]])
  })
})

describe.each(['ws', 'sse'] as const)('a subscription over %s', (transport) => {
  test('is counted when it starts, and is open until it ends', async () => {
    const stream = scene.minji.subscribe(transport, statusSubscription, {}, { queueToken: scene.minjiTicket })
    expect(await stream.next()).not.toBeNull()
    expect(await counted(1)).toEqual([['queueTicketChanges', 'ok']])
    const open = (scraped: Scrape) => [
      scraped.value('stagedoor_subscriptions'),
      scraped.value('stagedoor_websockets'),
    ]
    // Sockets of the tests before may still be closing.
    const opened = [1, transport === 'ws' ? 1 : 0]
    await expect.poll(async () => open(await scrape(server.url))).toEqual(opened)
    await stream.stop()
    await expect.poll(async () => open(await scrape(server.url))).toEqual([0, 0])
  })

  test('that cannot begin is an error', async () => {
    const stream = scene.minji.subscribe(
      transport,
      seatSubscription,
      { id: 'x' },
      { queueToken: scene.minjiTicket },
    )
    await stream.next().catch(() => undefined)
    expect(await counted(1)).toEqual([['seatChanges', 'BAD_INPUT']])
    await expect.poll(async () => (await scrape(server.url)).value('stagedoor_websockets')).toBe(0)
  })
})

test('a bug is an increase even if it is the first one', async () => {
  const fresh = await startServer()
  const { value } = await scrape(fresh.url)
  for (const operation of ['payReservation', 'queueTicketChanges', 'concerts', 'other']) {
    for (const outcome of ['INTERNAL', 'OVERLOADED', 'ok']) {
      expect(value('stagedoor_requests_total', { operation, outcome })).toBe(0)
    }
  }
  await fresh.stop()
})

test('durations have a bucket for each, and cumulate', async () => {
  const query = '{ concerts(first: 2) { edges { node { id } } } }'
  for (let time = 0; time < 5; time++) await scene.jun.send(query)
  const { value } = await scrape(server.url)
  const name = 'stagedoor_request_duration_seconds'
  const labels = { operation: 'concerts' }
  const count = value(`${name}_count`, labels) ?? 0
  expect(count - (before.value(`${name}_count`, labels) ?? 0)).toBe(5)
  expect(value(`${name}_bucket`, { ...labels, le: '+Inf' })).toBe(count)
  expect(value(`${name}_bucket`, { ...labels, le: '0.001' })).toBeLessThanOrEqual(count)
  expect(value(`${name}_bucket`, { ...labels, le: '5' })).toBe(count)
  expect(value(`${name}_sum`, labels)).toBeGreaterThan(before.value(`${name}_sum`, labels) ?? 0)
})
