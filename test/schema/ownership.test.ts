/**
 * No operation reads or changes another user's object. Each argument that can name something is tried with
 * something of Minji's, by Jun, who is signed in and admitted himself. Which arguments there are comes from
 * the schema: for one that is new, this file has to say what it should do.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSchema } from '../../src/schema/index.ts'
import { globalId } from '../../src/schema/ids.ts'
import { hold } from '../support/purchase.ts'
import { expectProperErrors } from '../support/complaint.ts'
import { footprint, setScene, type Scene } from '../support/scene.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'
import { namesIn, operationOn, rootFields } from './operations.ts'

const schema = createSchema({ signUp: true })
const fields = new Map(rootFields(schema).map((root) => [root.field.name, root]))

let server: TestServer
let scene: Scene
const minjisKey = randomUUID()
beforeAll(async () => {
  server = await startServer()
  scene = await setScene(server)
  await hold(scene.minji, scene.minjiTicket, scene.date, [3], minjisKey)
})
afterAll(() => server.stop())

interface Line {
  variables: () => object
  /** The code, the type, or null. */
  expected: string | null
  /** Why Jun may see something that is about Minji. */
  open?: string
}
const line = (expected: string | null, variables: () => object): Line => ({ expected, variables })
const input = (fields: () => object) => () => ({ input: fields() })
const fresh = () => ({ idempotencyKey: randomUUID() })
const bearer = 'whoever has the token may ask how the ticket stands, and nothing more'

const lines: Record<string, Line> = {
  'buyer(userId)': line('FORBIDDEN', () => ({ userId: scene.minji.id })),
  'buyer(reservationId)': line('FORBIDDEN', () => ({ reservationId: scene.minjiHold })),
  'concertFigures(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'concertHistory(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'figureChanges(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'operatorActions(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'queueForecast(concertId)': line('FORBIDDEN', () => ({ concertId: scene.concertId })),
  'concert(id)': line('Concert', () => ({ id: scene.concertId })),
  'node(id: Concert)': line('Concert', () => ({ id: scene.concertId })),
  'node(id: Performance)': line('Performance', () => ({ id: scene.date })),
  'node(id: Reservation)': line(null, () => ({ id: scene.minjiHold })),
  'node(id: Payment)': line(null, () => ({ id: scene.boughtPayment })),
  'node(id: User)': line(null, () => ({ id: scene.minji.id })),
  'performance(id)': line('Performance', () => ({ id: scene.date })),
  'performances(concertId)': line('Performance', () => ({ concertId: scene.concertId })),
  'points(userId)': line('FORBIDDEN', () => ({ userId: scene.minji.id })),
  'queueTicket(token)': { ...line('QueueTicket', () => ({ token: scene.minjiTicket })), open: bearer },
  'reservation(id)': line(null, () => ({ id: scene.minjiHold })),

  'issueQueueToken(input.concertId)': line(
    'QueueTicket',
    input(() => ({ concertId: scene.concertId })),
  ),
  'issueQueueToken(input.userId)': line(
    'FORBIDDEN',
    input(() => ({ concertId: scene.concertId, userId: scene.minji.id })),
  ),
  'issueQueueToken(input.botCheckToken)': line(
    'QueueTicket', // the provider of the check says what its tokens are worth, see test/attacks/bots.test.ts
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

  'queueStatus(token)': { ...line('Admitted', () => ({ token: scene.minjiTicket })), open: bearer },
  'seatChanges(performanceId)': line('SeatChanges', () => ({ performanceId: scene.date })),
}

/** Also without any argument: what is listed is one's own. */
const lists: Record<string, string> = {
  buyer: 'FORBIDDEN',
  concerts: 'QueryConcertsConnection',
  me: 'User',
  operatorActions: 'FORBIDDEN',
  points: 'PointAccount',
  queueTicket: 'QueueTicket',
  reservations: 'QueryReservationsConnection',
  queueStatus: 'Admitted',
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

/** Jun asks for everything that there is behind a field. */
async function ask(name: string, variables: object) {
  const root = fields.get(name)
  if (!root) throw new Error(`there is no ${name}`)
  const credentials = { accessToken: scene.jun.accessToken, queueToken: scene.junTicket }
  const answer = await sendOverSocket<{ result: unknown }>(
    server.url,
    operationOn(schema, root, 3),
    variables,
    credentials,
  )
  expectProperErrors(answer)
  return answer
}

function outcomeOf({ data, errors }: Awaited<ReturnType<typeof ask>>): string | null {
  if (errors) return errors[0]?.extensions.code ?? ''
  const first: unknown = Array.isArray(data.result) ? data.result[0] : data.result
  return (first as { __typename: string } | null)?.__typename ?? null
}

function expectNothingOfOthers(answer: unknown): void {
  const text = JSON.stringify(answer)
  for (const other of [scene.minji, scene.bought, scene.waiting, scene.gone]) {
    expect(text).not.toContain(other.id)
    expect(text).not.toContain(other.uuid)
  }
  const theirs = [scene.minjiHold, scene.boughtPayment, scene.minjiTicket, scene.boughtTicket]
  for (const secret of [...theirs, '"balance":1000']) expect(text).not.toContain(secret)
}

describe('Jun gets nowhere with what is Minji’s', () => {
  test.each(Object.entries(lines))('%s', async (name, { variables, expected, open }) => {
    const before = await footprint(server)
    const answer = await ask(name.slice(0, name.indexOf('(')), variables())
    expect(outcomeOf(answer)).toBe(expected)
    if (!open) expectNothingOfOthers(answer)
    expect(await footprint(server)).toBe(before)
  })

  test.each(Object.entries(lists))('%s', async (name, expected) => {
    const answer = await ask(name, {})
    expect(outcomeOf(answer)).toBe(expected)
    expectNothingOfOthers(answer)
  })

  test('and is himself everywhere', async () => {
    const me = await ask('me', {})
    expect(JSON.stringify(me)).toContain(globalId('User', scene.jun.uuid))
  })
})
