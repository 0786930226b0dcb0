/**
 * Queue tickets that are forged, old, or for something else, over all transports; and hoarding. Those of
 * test/api/authorization.test.ts come over server-sent events here.
 */
import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createQueueTokenSigner } from '../../src/auth/queue-tokens.ts'
import { uuidOf } from '../support/arrange.ts'
import { createClient } from '../support/client.ts'
import { join } from '../support/purchase.ts'
import { databaseSnapshot, createScenario, type Scenario } from '../support/scenario.ts'
import { secret, startServer, type TestServer } from '../support/server.ts'
import { attack, transports } from './transports.ts'

const older = `older ${secret}`
const newer = `newer ${secret}`

let server: TestServer
let scene: Scenario
beforeAll(async () => {
  server = await startServer()
  scene = await createScenario(server)
})
afterAll(() => server.stop())

/** Another instance on the same stores, with other secrets. */
async function withSecrets<T>(secrets: string, run: (url: string) => Promise<T>): Promise<T> {
  const app = createApp(readConfig({ ...server.env, TICKET_SECRETS: secrets }))
  try {
    return await run(`http://127.0.0.1:${await app.start()}/graphql`)
  } finally {
    await app.stop()
  }
}

const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
const ticketOf = () => ({ sub: scene.jun.uuid, concert: uuidOf(scene.concertId), number: 1 })
const jws = (header: object, payload: object, key = secret, algorithm = 'sha256') => {
  const body = `${part(header)}.${part(payload)}`
  return `${body}.${createHmac(algorithm, key).update(body).digest('base64url')}`
}
const header = { alg: 'HS256', typ: 'stagedoor-ticket' }
const signed = (payload: object) => jws(header, payload)
const cut = (token: string) => token.split('.') as [string, string, string]

const forgeries: [what: string, token: () => string][] = [
  ['without a signature: alg none', () => `${part({ ...header, alg: 'none' })}.${part(ticketOf())}.`],
  ['without a signature, under the right header', () => `${cut(scene.junTicket)[0]}.${part(ticketOf())}.`],
  ['with alg NONE and a signature', () => jws({ ...header, alg: 'NONE' }, ticketOf())],
  ['signed as HS512', () => jws({ ...header, alg: 'HS512' }, ticketOf(), secret, 'sha512')],
  ['said to be RS256', () => jws({ ...header, alg: 'RS256' }, ticketOf())],
  ['that brings its own key', () => jws({ ...header, jwk: { kty: 'oct', k: 'AA' } }, ticketOf(), '\0')],
  ['that names a key file', () => jws({ ...header, kid: '/dev/null' }, ticketOf(), '')],
  ['signed with an empty key', () => jws(header, ticketOf(), '')],
  [
    'with the signature of another',
    () => `${cut(scene.junTicket).slice(0, 2).join('.')}.${cut(scene.minjiTicket)[2]}`,
  ],
  ['with half a signature', () => scene.junTicket.slice(0, -20)],
  ['with a signature spelled otherwise', () => `${scene.junTicket}=`],
  ['with a fourth part', () => `${scene.junTicket}.AAAA`],
  ['with number 0', () => signed({ ...ticketOf(), number: 0 })],
  ['with number 1.5', () => signed({ ...ticketOf(), number: 1.5 })],
  ['with number 2^53', () => signed({ ...ticketOf(), number: 2 ** 53 })],
  ['with a number that is text', () => signed({ ...ticketOf(), number: '1' })],
  ['with a concert that is a pattern', () => signed({ ...ticketOf(), concert: '*' })],
  ['that is an access token', () => scene.jun.accessToken],
  ['for another concert', () => scene.junElsewhere],
  ['of somebody else', () => scene.minjiTicket],
  ['of 8,000 characters', () => 'x'.repeat(8_000)],
  ['well signed, and never given out', () => signed({ ...ticketOf(), number: 4_000_000 })],
]

describe.each(transports)('over %s', (transport) => {
  const hold = (queueToken: string, url = server.url, accessToken = scene.jun.accessToken) =>
    attack(
      transport,
      url,
      {
        query: 'mutation ($input: HoldSeatsInput!) { result: holdSeats(input: $input) { __typename } }',
        variables: { input: { performanceId: scene.date, seatNumbers: [1], idempotencyKey: randomUUID() } },
      },
      { accessToken, queueToken },
    )

  test.each(forgeries)('a ticket %s opens nothing', async (what, token) => {
    const before = await databaseSnapshot(server)
    const { code } = await hold(token())
    expect(code).toBe(what.includes('never given out') ? 'NOT_ADMITTED' : 'QUEUE_TICKET_INVALID')
    expect(await databaseSnapshot(server)).toBe(before)
  })

  test('a ticket for another concert shows nothing of this one', async () => {
    const { accessToken } = scene.jun
    for (const query of [
      `{ result: performances(concertId: "${scene.concertId}") { id } }`,
      `{ result: performance(id: "${scene.date}") { id } }`,
      `{ result: node(id: "${scene.date}") { ... on Performance { seats { number } } } }`,
      `subscription { result: seatChanges(performanceId: "${scene.date}") { snapshot } }`,
    ]) {
      const options = { accessToken, queueToken: scene.junElsewhere }
      expect((await attack(transport, server.url, { query }, options)).code).toBe('QUEUE_TICKET_INVALID')
    }
  })

  test('a secret that was replaced still verifies, and one that was removed does not', async () => {
    const ticket = { userId: scene.jun.uuid, concertId: uuidOf(scene.concertId), number: 0 }
    const [, payload] = cut(scene.junTicket)
    ticket.number = (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { number: number }).number
    const old = createQueueTokenSigner([older]).sign(ticket)
    // Seat 1 is somebody's: to be told so is to be let in.
    await withSecrets(`${newer},${older}`, async (url) => {
      expect((await hold(old, url)).code).toBe('SeatTaken')
      const renewed = await join({ ...scene.jun, ...clientOf(url) }, scene.concertId)
      expect(createQueueTokenSigner([newer]).verify(renewed.token)).toEqual(ticket)
      expect((await hold(renewed.token, url)).code).toBe('SeatTaken')
    })
    await withSecrets(newer, async (url) => {
      expect((await hold(old, url)).code).toBe('QUEUE_TICKET_INVALID')
    })
  })
})

const clientOf = (url: string) => createClient(url, { accessToken: scene.jun.accessToken })

describe('hoarding', () => {
  test('however often and from wherever somebody joins, it is one place', async () => {
    const user = await server.user()
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async () => (await join(user, scene.concertId)).token),
    )
    expect(new Set(tokens).size).toBe(1)
  })

  test('nobody joins for somebody else', async () => {
    const query = `mutation { result: issueQueueToken(input: { concertId: "${scene.concertId}", userId: "${scene.minji.id}" }) { __typename } }`
    for (const transport of transports)
      expect((await attack(transport, server.url, { query }, scene.jun)).code).toBe('FORBIDDEN')
  })

  test('nobody holds more seats than allowed, however they go about it', async () => {
    const user = await server.user()
    await scene.operator.request(
      `mutation { updateQueue(input: { concertId: "${scene.concertId}", capacity: 100 }) { queue { capacity } } }`,
    )
    const { token } = await join(user, scene.concertId)
    const codes = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const query = `mutation { result: holdSeats(input: { performanceId: "${scene.date}", seatNumbers: [${10 + index}], idempotencyKey: "${randomUUID()}" }) { __typename } }`
        const options = { accessToken: user.accessToken, queueToken: token }
        return (await attack(index % 2 ? 'http' : 'ws', server.url, { query }, options)).code
      }),
    )
    expect(codes.filter((code) => code === 'HoldSeatsPayload')).toHaveLength(4)
    expect(codes.filter((code) => code === 'SeatLimitExceeded')).toHaveLength(8)
  })
})
