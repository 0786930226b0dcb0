/**
 * No operation reads or changes another user's object. Each argument that can name something is tried with
 * something of Minji's, by Jun, who is signed in and admitted himself, and by nobody at all; so is each cursor, and what
 * can be done without naming anything. Which there are comes from the schema: for one that is new, this file has to say
 * what it should do.
 */
import { randomUUID } from 'node:crypto'
import { isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operationErrors } from '../../src/graphql/complexity.ts'
import { createDocumentCache } from '../../src/graphql/document-cache.ts'
import { createSchema } from '../../src/schema/index.ts'
import { globalId, numberedKey, type NodeName } from '../../src/schema/ids.ts'
import { attack, type Transport } from '../attacks/transports.ts'
import { uuidOf } from '../support/arrange.ts'
import { hold } from '../support/purchase.ts'
import { databaseSnapshot, createScenario, type Scenario } from '../support/scenario.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { namesIn, operationOn, rootFields, type RootField } from './generate-operations.ts'

const schema = createSchema({ signUp: true })
const documents = createDocumentCache(schema, { introspection: true })
const fields = new Map(rootFields(schema).map((root) => [root.field.name, root]))

let server: TestServer
let scene: Scenario
let cashier: TestUser
const minjisKey = randomUUID()
beforeAll(async () => {
  server = await startServer()
  scene = await createScenario(server)
  cashier = await server.user('cashier')
  await hold(scene.minji, scene.minjiTicket, scene.date, [3], minjisKey)
  // So that his own list is not empty.
  await hold(scene.jun, scene.junTicket, scene.date, [20])
})
afterAll(() => server.stop())

interface Line {
  variables: () => object
  /** The code, the type, or null. */
  expected: string | null
  /** Why Jun, and nobody too, may see something that is about Minji. */
  open?: string
  /** What somebody gets who has not signed in, if it is something else than being told to. */
  nobody?: string
}
const line = (expected: string | null, variables: () => object): Line => ({ expected, variables })
const input = (fields: () => object) => () => ({ input: fields() })
const fresh = () => ({ idempotencyKey: randomUUID() })
const asType = (typename: NodeName, id: string): string => globalId(typename, uuidOf(id))
const bearer = 'whoever has the token may ask how the ticket stands, and nothing more'

const lines: Record<string, Line> = {
  'buyer(userId)': line('FORBIDDEN', () => ({ userId: scene.minji.id })),
  'buyer(reservationId)': line('FORBIDDEN', () => ({ reservationId: scene.minjiHold })),
  'concertStats(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'concertHistory(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'concertStatsChanges(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'auditLog(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'queueForecast(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'concert(id)': { ...line('Concert', () => ({ id: scene.concertId })), nobody: 'Concert' },
  'node(id: Concert)': { ...line('Concert', () => ({ id: scene.concertId })), nobody: 'Concert' },
  'node(id: Queue)': { ...line('Queue', () => ({ id: asType('Queue', scene.concertId) })), nobody: 'Queue' },
  'node(id: QueueTicket)': line(null, () => ({ id: scene.minjiTicketId })),
  'node(id: Performance)': { ...line('Performance', () => ({ id: scene.date })), nobody: 'Performance' },
  'node(id: Seat)': line('Seat', () => ({ id: globalId('Seat', numberedKey(uuidOf(scene.date), 1)) })),
  'node(id: Reservation)': line(null, () => ({ id: scene.minjiHold })),
  'node(id: Payment)': line(null, () => ({ id: scene.boughtPayment })),
  'node(id: PointAccount)': line(null, () => ({ id: asType('PointAccount', scene.minji.id) })),
  'node(id: User)': line(null, () => ({ id: scene.minji.id })),
  'nodes(ids)': {
    ...line('Concert', () => ({
      ids: [scene.concertId, scene.minjiHold, scene.minji.id, asType('PointAccount', scene.minji.id)],
    })),
    nobody: 'Concert',
  },
  'performance(id)': line('Performance', () => ({ id: scene.date })),
  'performances(concertId)': line('Performance', () => ({ concertId: scene.concertId })),
  'points(userId)': line('FORBIDDEN', () => ({ userId: scene.minji.id })),
  'queueTicket(token)': { ...line('QueueTicket', () => ({ token: scene.minjiTicket })), open: bearer },
  'reservation(id)': line(null, () => ({ id: scene.minjiHold })),

  'issueQueueToken(input.concertId)': line(
    'IssueQueueTokenPayload',
    input(() => ({ concertId: scene.concertId })),
  ),
  'issueQueueToken(input.userId)': line(
    'FORBIDDEN',
    input(() => ({ concertId: scene.concertId, userId: scene.minji.id })),
  ),
  'issueQueueToken(input.botCheckToken)': line(
    'IssueQueueTokenPayload', // the provider of the check says what its tokens are worth, see test/attacks/bot-check.test.ts
    input(() => ({ concertId: scene.concertId, botCheckToken: minjisKey })),
  ),
  'leaveQueue(input.token)': line(
    'FORBIDDEN',
    input(() => ({ token: scene.minjiTicket })),
  ),
  'holdSeats(input.performanceId)': line(
    'SeatTaken',
    input(() => ({ performanceId: scene.date, seatNumbers: [1], ...fresh() })),
  ),
  'holdSeats(input.idempotencyKey)': line(
    'SeatTaken',
    input(() => ({ performanceId: scene.date, seatNumbers: [3], idempotencyKey: minjisKey })),
  ),
  'cancelReservation(input.reservationId)': line(
    'ReservationNotFound',
    input(() => ({ reservationId: scene.minjiHold, ...fresh() })),
  ),
  'cancelReservation(input.idempotencyKey)': line(
    'IdempotencyKeyReused', // by Jun himself, two lines above
    input(() => ({ reservationId: scene.minjiHold, idempotencyKey: minjisKey })),
  ),
  'payReservation(input.reservationId)': line(
    'ReservationNotFound',
    input(() => ({ reservationId: scene.minjiHold, ...fresh() })),
  ),
  'payReservation(input.idempotencyKey)': line(
    'IdempotencyKeyReused',
    input(() => ({ reservationId: scene.minjiHold, idempotencyKey: minjisKey })),
  ),
  'chargePoints(input.userId)': line(
    'FORBIDDEN',
    input(() => ({ userId: scene.minji.id, amount: 1, ...fresh() })),
  ),
  'chargePoints(input.idempotencyKey)': line(
    'IdempotencyKeyReused',
    input(() => ({ amount: 1, idempotencyKey: minjisKey })),
  ),
  'createConcert(input.idempotencyKey)': line(
    'FORBIDDEN',
    input(() => ({
      title: 'Mine',
      performances: [{ startsAt: '2999-01-01T00:00:00Z', seatPrice: 1 }],
      idempotencyKey: minjisKey,
    })),
  ),
  'updateQueue(input.concertId)': line(
    'FORBIDDEN',
    input(() => ({ concertId: scene.concertId, paused: true })),
  ),

  'queueTicketChanges(token)': { ...line('QueueTicket', () => ({ token: scene.minjiTicket })), open: bearer },
  'seatChanges(performanceId)': line('SeatChanges', () => ({ performanceId: scene.date })),
  'seatChanges(token)': line('QUEUE_TICKET_INVALID', () => ({
    performanceId: scene.date,
    token: scene.minjiTicket,
  })),
}

/** Also without any argument: what is listed is one's own. */
const lists: Record<string, string | null> = {
  buyer: 'FORBIDDEN',
  chargesBy: null, // an enum has no type name
  concerts: 'ConcertConnection',
  me: 'User',
  auditLog: 'FORBIDDEN',
  points: 'PointAccount',
  queueTicket: 'QueueTicket',
  reservations: 'ReservationConnection',
  queueTicketChanges: 'QueueTicket',
}
/** Of these, what needs no access token. */
const publicLists = ['concerts', 'chargesBy']
const bearerLists = ['queueTicket', 'queueTicketChanges']

/** Also from the middle: a cursor is an id, and may be of something of Minji's. */
const cursors: Record<string, Line> = {
  concerts: {
    ...line('ConcertConnection', () => cursor(scene.concertId)),
    nobody: 'ConcertConnection',
  },
  auditLog: line('FORBIDDEN', () => cursor(globalId('AuditLogEntry', randomUUID()))),
  reservations: line('ReservationConnection', () => cursor(scene.minjiHold)),
}
const cursor = (id: string) => ({ after: id })

/** What can be done without naming anything. */
const acts: Record<string, Line> = {
  signUp: {
    ...line(
      'SignUpPayload',
      input(() => ({ name: 'Jun’s other self' })),
    ),
    nobody: 'SignUpPayload',
  },
}

test('every argument that can name something has a line here', () => {
  const nodeTypes = schema.getPossibleTypes(schema.getType('Node') as never)
  const names = [...fields.values()].flatMap(({ field }) =>
    namesIn(field).flatMap((name) =>
      field.name === 'node' ? nodeTypes.map((type) => `node(id: ${type.name})`) : [`${field.name}(${name})`],
    ),
  )
  expect(Object.keys(lines).sort()).toEqual(names.sort())
})

test('every query and subscription that needs no argument is tried without any', () => {
  const free = [...fields.values()].filter(
    ({ kind, field }) => kind !== 'mutation' && field.args.every(({ type }) => !String(type).endsWith('!')),
  )
  expect(Object.keys(lists).sort()).toEqual(free.map(({ field }) => field.name).sort())
})

test('every list that has cursors has a line here, or is inside of what is an operator’s', () => {
  const withCursor = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.args.some(({ name }) => name === 'after'))
    .map(({ type, field }) => (type === schema.getQueryType() ? field.name : `${type.name}.${field.name}`))
  expect(withCursor.sort()).toEqual([...Object.keys(cursors), 'Buyer.reservations'].sort())
})

test('every mutation that names nothing has a line here', () => {
  const nameless = [...fields.values()].filter(
    ({ kind, field }) => kind === 'mutation' && namesIn(field).length === 0,
  )
  expect(Object.keys(acts).sort()).toEqual(nameless.map(({ field }) => field.name).sort())
})

type Who = 'Jun' | 'nobody' | 'a cashier'

/** An operation on everything that a field leads to, as deep as the limits of a document permit. */
function deepestOperationOn(root: RootField, variables: object): string {
  const isPermitted = (query: string): boolean => {
    const document = documents.parse(query)
    return (
      documents.validate(document).length === 0 &&
      operationErrors({ schema, document, variableValues: { ...variables } }) === undefined
    )
  }
  return [4, 3, 2].map((depth) => operationOn(schema, root, depth)).find(isPermitted) ?? ''
}

/** Somebody asks for everything that there is behind a field: its code, its type, or null. */
async function ask(who: Who, transport: Transport, name: string, variables: object) {
  const root = fields.get(name)
  if (!root) throw new Error(`there is no ${name}`)
  const body = { query: deepestOperationOn(root, variables), variables }
  const credentials = {
    Jun: { accessToken: scene.jun.accessToken, queueToken: scene.junTicket },
    'a cashier': { accessToken: cashier.accessToken, queueToken: scene.junTicket },
    nobody: {},
  }[who]
  // What is pushed over HTTP is an event stream.
  const way = transport === 'http' && root.kind === 'subscription' ? 'sse' : transport
  const { code, data } = await attack(way, server.url, body, credentials)
  const first: unknown = Array.isArray(data?.result) ? data.result[0] : data?.result
  const type = (first as { __typename: string } | null | undefined)?.__typename ?? null
  // Fields inside of a public object may be refused, and null.
  return { outcome: type ?? (code === 'ok' ? null : code), data }
}

function expectNothingOfOthers(answer: unknown): void {
  const text = JSON.stringify(answer ?? null)
  for (const other of [scene.minji, scene.bought, scene.waiting, scene.gone]) {
    expect(text).not.toContain(other.id)
    expect(text).not.toContain(other.uuid)
  }
  const theirs = [scene.minjiHold, scene.boughtPayment, scene.minjiTicket, scene.boughtTicket]
  for (const secret of [...theirs, '"balance":1000']) expect(text).not.toContain(secret)
}

const expectedBy = (who: Who, { expected, nobody, open }: Line) =>
  who === 'Jun' || open !== undefined
    ? expected
    : (nobody ?? (who === 'nobody' ? 'UNAUTHENTICATED' : 'FORBIDDEN'))

const ways = (['Jun', 'nobody', 'a cashier'] as const).flatMap((who) =>
  (['http', 'ws'] as const).map((transport) => [who, transport] as const),
)

describe.each(ways)('%s over %s gets nowhere with what is Minji’s', (who, transport) => {
  const tried = Object.entries(lines).filter(
    ([name]) => !(who === 'a cashier' && name.startsWith('chargePoints(')),
  )
  test.each(tried)('%s', async (name, line) => {
    const before = await databaseSnapshot(server)
    const { outcome, data } = await ask(who, transport, name.slice(0, name.indexOf('(')), line.variables())
    expect(outcome).toBe(expectedBy(who, line))
    if (!line.open) expectNothingOfOthers(data)
    expect(await databaseSnapshot(server)).toBe(before)
  })

  test.each(Object.entries(lists))('%s', async (name, expected) => {
    const { outcome, data } = await ask(who, transport, name, {})
    if (who === 'Jun' || publicLists.includes(name)) expect(outcome).toBe(expected)
    // Whoever has a queue token may ask how the ticket stands, as whoever they are.
    else if (who === 'a cashier' && bearerLists.includes(name)) expect(outcome).toBe(expected)
    else if (who === 'a cashier') expect(outcome).toBe('FORBIDDEN')
    else expect(['UNAUTHENTICATED', 'QUEUE_TICKET_INVALID']).toContain(outcome)
    expectNothingOfOthers(data)
  })

  test.each(Object.entries(cursors))('%s from a cursor', async (name, line) => {
    const { after } = line.variables() as { after: string }
    for (const variables of [{ after }, { before: after }, { last: 100, before: after }]) {
      const { outcome, data } = await ask(who, transport, name, variables)
      expect(outcome).toBe(expectedBy(who, line))
      // Where a page is empty it ends at the cursor that was sent.
      expectNothingOfOthers((data?.result as { edges?: unknown } | null | undefined)?.edges)
    }
  })

  test.each(Object.entries(acts))('%s', async (name, line) => {
    const before = await databaseSnapshot(server)
    const { outcome, data } = await ask(who, transport, name, line.variables())
    expect(outcome).toBe(expectedBy(who, line))
    expectNothingOfOthers(data)
    if (line.nobody === undefined) expect(await databaseSnapshot(server)).toBe(before)
  })

  test('and is who they are everywhere', async () => {
    const { outcome, data } = await ask(who, transport, 'me', {})
    if (who !== 'Jun') expect(outcome).toBe(who === 'nobody' ? 'UNAUTHENTICATED' : 'FORBIDDEN')
    else expect(JSON.stringify(data)).toContain(globalId('User', scene.jun.uuid))
  })
})
