/** Whoever shows nothing, or shows what is not theirs, gets nowhere: over HTTP and over WebSocket. */
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuth } from '../../src/auth/access-tokens.ts'
import { createQueueTokenSigner } from '../../src/auth/queue-tokens.ts'
import { uuidOf } from '../support/arrange.ts'
import { expectValidErrors } from '../support/expect-error.ts'
import { databaseSnapshot, createScenario, unknownId, type Scenario } from '../support/scenario.ts'
import { secret, startServer, type TestServer } from '../support/server.ts'
import { sendOverSocket } from '../support/socket.ts'
import { errorCodeOf } from '../support/operations.ts'

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer()
  scene = await createScenario(server)
})
afterAll(() => server.stop())

const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
const claims = () => ({ sub: scene.jun.uuid, role: 'operator', exp: Math.floor(Date.now() / 1000) + 600 })
const sign = (body: Record<string, unknown>, key: string) =>
  new SignJWT(body).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key))

const chargePoints = `mutation ($input: ChargePointsInput!) { chargePoints(input: $input) { __typename } }`
const holdSeats = `mutation ($input: HoldSeatsInput!) { holdSeats(input: $input) { __typename } }`
const payReservation = `mutation ($input: PayReservationInput!) { payReservation(input: $input) {
  __typename ... on Refusal { message }
} }`

const accessTokens: [what: string, make: () => Promise<string | undefined> | string][] = [
  ['none', () => Promise.resolve(undefined)],
  ['one that is garbage', () => 'garbage'],
  ['one with a space in it', () => 'a b'],
  ['one without a signature', () => `${part({ alg: 'none' })}.${part(claims())}.`],
  ['one signed with another key', () => sign(claims(), `not ${secret}`)],
  ['one that has expired', () => sign({ ...claims(), exp: 1 }, secret)],
  ['one that never expires', () => sign({ ...claims(), exp: undefined }, secret)],
  ['a queue ticket', () => scene.junTicket],
]

const tickets: [what: string, ticket: () => string | undefined, code: string][] = [
  ['none', () => undefined, 'QUEUE_TICKET_INVALID'],
  ['one that is garbage', () => 'garbage', 'QUEUE_TICKET_INVALID'],
  ['a very long one', () => 'x'.repeat(5_000), 'QUEUE_TICKET_INVALID'],
  ['an access token', () => scene.jun.accessToken, 'QUEUE_TICKET_INVALID'],
  ['one that is forged', () => forged(`not ${secret}`), 'QUEUE_TICKET_INVALID'],
  ['one that was changed', () => changed(scene.waitingTicket), 'QUEUE_TICKET_INVALID'],
  ['somebody else’s', () => scene.minjiTicket, 'QUEUE_TICKET_INVALID'],
  ['one for another concert', () => scene.junElsewhere, 'QUEUE_TICKET_INVALID'],
  ['one never given out, though well signed', () => forged(secret), 'NOT_ADMITTED'],
]

const forged = (key: string) =>
  createQueueTokenSigner([key]).sign({
    userId: scene.jun.uuid,
    concertId: uuidOf(scene.concertId),
    number: 999,
  })

function changed(ticket: string): string {
  const [header, body = '', signature] = ticket.split('.')
  const said = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  return [header, part({ ...said, sub: scene.jun.uuid, number: 1 }), signature].join('.')
}

describe.each(['http', 'ws'] as const)('over %s', (transport) => {
  const send = <Data>(query: string, variables: object, accessToken?: string, queueToken?: string) =>
    transport === 'ws'
      ? sendOverSocket<Data>(server.url, query, variables, { accessToken, queueToken })
      : scene.jun.send<Data>(query, variables, { accessToken, queueToken })

  describe('an access token', () => {
    test.each(accessTokens)('%s', async (_, make) => {
      const before = await databaseSnapshot(server)
      const token = await make()
      const input = { amount: 1, idempotencyKey: randomUUID() }
      const answer = await send(chargePoints, { input }, token)
      expect(errorCodeOf(answer as never)).toBe('UNAUTHENTICATED')
      expectValidErrors(answer)
      const seats = { performanceId: scene.date, seatNumbers: [20], idempotencyKey: randomUUID() }
      const held = await send(holdSeats, { input: seats }, token, scene.junTicket)
      expect(errorCodeOf(held as never)).toBe('UNAUTHENTICATED')
      expect(await databaseSnapshot(server)).toBe(before)
      const open = await send<{ concerts: object }>('{ concerts { edges { cursor } } }', {}, token)
      expect(open.errors).toBeUndefined()
    })
  })

  describe('a queue ticket', () => {
    test.each(tickets)('%s', async (_, ticket, code) => {
      const before = await databaseSnapshot(server)
      const input = { performanceId: scene.date, seatNumbers: [20], idempotencyKey: randomUUID() }
      const answer = await send(holdSeats, { input }, scene.jun.accessToken, ticket())
      expect(errorCodeOf(answer as never)).toBe(code)
      expectValidErrors(answer)
      expect(await databaseSnapshot(server)).toBe(before)
    })

    test.each(['waiting', 'bought', 'gone'] as const)('whose owner is %s opens nothing', async (who) => {
      const before = await databaseSnapshot(server)
      const { accessToken } = scene[who]
      const ticket = scene[`${who}Ticket`]
      const input = { performanceId: scene.date, seatNumbers: [20], idempotencyKey: randomUUID() }
      for (const [query, variables] of [
        [holdSeats, { input }],
        ['query ($id: ID!) { performances(concertId: $id) { id } }', { id: scene.concertId }],
        ['query ($id: ID!) { performance(id: $id) { id } }', { id: scene.date }],
        [
          'query ($id: ID!) { node(id: $id) { ... on Performance { seats { number } } } }',
          { id: scene.date },
        ],
        ['subscription ($id: ID!) { seatChanges(performanceId: $id) { snapshot } }', { id: scene.date }],
      ] as const) {
        const answer = await send(query, variables, accessToken, ticket)
        expect(errorCodeOf(answer as never)).toBe('NOT_ADMITTED')
        expectValidErrors(answer)
      }
      expect(await databaseSnapshot(server)).toBe(before)
    })
  })

  test('somebody else’s hold answers exactly like one that does not exist', async () => {
    const before = await databaseSnapshot(server)
    const answers = []
    for (const reservationId of [scene.minjiHold, unknownId('Reservation')]) {
      const input = { reservationId, idempotencyKey: randomUUID() }
      answers.push(await send(payReservation, { input }, scene.jun.accessToken, scene.junTicket))
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.data).toMatchObject({ payReservation: { __typename: 'ReservationNotFound' } })
    expect(await databaseSnapshot(server)).toBe(before)
  })

  test.each<[string, () => string | undefined]>([
    ['without a ticket', () => undefined],
    ['with somebody else’s ticket', () => scene.junTicket],
    ['with a forged ticket', () => forged(`not ${secret}`)],
  ])('nobody pays %s', async (_, ticket) => {
    const before = await databaseSnapshot(server)
    const input = { reservationId: scene.minjiHold, idempotencyKey: randomUUID() }
    const answer = await send(payReservation, { input }, scene.minji.accessToken, ticket())
    expect(errorCodeOf(answer as never)).toBe('QUEUE_TICKET_INVALID')
    expect(await databaseSnapshot(server)).toBe(before)
  })
})

test('the Authorization header has to be a bearer’s, in any case', async () => {
  const body = JSON.stringify({ query: '{ me { id } }' })
  const ask = async (authorization: string) => {
    const headers = { 'content-type': 'application/json', authorization }
    return (await fetch(server.url, { method: 'POST', headers, body })).text()
  }
  const token = await createAuth({ kind: 'secret', secret }).issue(
    { userId: scene.jun.uuid, role: 'buyer' },
    60,
  )
  for (const good of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`])
    expect(await ask(good)).toContain(scene.jun.id)
  for (const bad of [token, `Basic ${token}`, `Bearer`, `Bearer ${token} ${token}`])
    expect(await ask(bad)).toContain('UNAUTHENTICATED')
})
