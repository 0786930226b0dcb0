import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credentials } from '../support/client.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { errorCodeOf } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const nodeQuery = `query ($id: ID!) { node(id: $id) {
  __typename id
  ... on Concert { title }
  ... on Performance { seatCount concert { id } }
  ... on Reservation { status price performance { id } payment { id } }
  ... on Payment { amount reservation { id } }
  ... on User { name points { balance } }
} }`
interface Nodes {
  concert: { performances: object[] }
  node: object
  nodes: object[]
}
const nodeOf = (user: TestUser, id: string, credentials?: object) =>
  user.send<{ node: unknown }>(nodeQuery, { id }, credentials)

describe('node', () => {
  test('returns the object to its owner and to operators, and null to others', async () => {
    const { concertId, performanceIds, operator } = await createSale(server)
    const [date = ''] = performanceIds
    const [owner, other] = [await server.user(), await server.user()]
    const { token } = await join(owner, concertId)
    const { token: others } = await join(other, concertId)
    const held = await hold(owner, token, date, [1])
    const unpaid = await hold(owner, token, date, [2])
    await charge(owner, 100)
    const paid = await pay(owner, token, held.id)

    const nodes: Record<string, object> = {
      [held.id]: {
        __typename: 'Reservation',
        status: 'PAID',
        price: 100,
        performance: { id: date },
        payment: { id: paid.id },
      },
      [unpaid.id]: { __typename: 'Reservation', status: 'HELD', price: 100, payment: null },
      [paid.id]: { __typename: 'Payment', amount: 100, reservation: { id: held.id } },
      [owner.id]: { __typename: 'User', name: '', points: { balance: 0 } },
    }
    for (const [id, expected] of Object.entries(nodes)) {
      for (const reader of [owner, operator]) {
        expect((await nodeOf(reader, id)).data.node).toMatchObject({ id, ...expected })
      }
      expect(await nodeOf(other, id, { queueToken: others })).toMatchObject({ data: { node: null } })
      expect((await nodeOf(other, id)).errors).toBeUndefined()
      expect(errorCodeOf(await nodeOf(other, id, { accessToken: undefined }))).toBe('UNAUTHENTICATED')
    }

    const anonymous = { accessToken: undefined }
    const concert = { __typename: 'Concert', id: concertId, title: 'Rehearsal' }
    expect((await nodeOf(other, concertId, anonymous)).data.node).toEqual(concert)
    const performance = { __typename: 'Performance', id: date, seatCount: 50, concert: { id: concertId } }
    expect((await nodeOf(other, date, anonymous)).data.node).toEqual(performance)
  })

  test('returns a performance to everyone, with its seats for admitted tickets and operators alone', async () => {
    const { concertId, performanceIds, operator } = await createSale(server, { seatCount: 2, capacity: 1 })
    const [date = ''] = performanceIds
    const [admitted, waiting] = [await server.user(), await server.user()]
    const [first, second] = [await join(admitted, concertId), await join(waiting, concertId)]
    const query = `query ($id: ID!) {
      concert(id: "${concertId}") { performances { ...fields } }
      node(id: $id) { ...fields ...seats }
      nodes(ids: [$id]) { ...fields ...seats }
    }
    fragment fields on Performance { __typename id startsAt seatCount seatPrice availableSeatCount concert { id } }
    fragment seats on Performance { seats { number } }`
    const seats = [{ number: 1 }, { number: 2 }]
    const readers: [TestUser, Credentials, string?][] = [
      [operator, {}],
      [admitted, { queueToken: first.token }],
      [waiting, { queueToken: second.token }, 'NOT_ADMITTED'],
      [waiting, {}, 'QUEUE_TICKET_INVALID'],
      [waiting, { accessToken: undefined }, 'UNAUTHENTICATED'],
    ]
    for (const [user, credentials, code] of readers) {
      const { data, errors } = await user.send<Nodes>(query, { id: date }, credentials)
      const [fields] = data.concert.performances
      expect(fields).toMatchObject({ id: date, seatCount: 2, seatPrice: 100, availableSeatCount: 2 })
      const expected = { ...fields, seats: code === undefined ? seats : null }
      expect([data.node, ...data.nodes]).toEqual([expected, expected])
      expect(errors?.map(({ path, extensions }) => [path?.join('.'), extensions.code])).toEqual(
        code === undefined
          ? undefined
          : [
              ['node.seats', code],
              ['nodes.0.seats', code],
            ],
      )
    }
  })

  test('is null for an object that does not exist', async () => {
    const user = await server.user()
    for (const name of ['Concert', 'Performance', 'Reservation', 'Payment', 'User']) {
      const id = Buffer.from(`${name}:00000000-0000-4000-8000-000000000000`).toString('base64')
      expect(await nodeOf(user, id)).toEqual({ status: 200, data: { node: null } })
    }
  })
})

describe('identity', () => {
  test('me is the user of the access token, with or without a row in users', async () => {
    const user = await server.user()
    const me = '{ me { id name points { userId balance } } }'
    expect(await user.request(me)).toEqual({
      me: { id: user.id, name: '', points: { userId: user.id, balance: 0 } },
    })
    expect(errorCodeOf(await user.send(me, {}, { accessToken: undefined }))).toBe('UNAUTHENTICATED')
  })

  test('signUp adds a buyer, and not an operator', async () => {
    const anyone = await server.user()
    const signUp = `mutation ($name: String!) {
      signUp(input: { name: $name }) { accessToken user { id name points { balance } } }
    }`
    interface SignedUp {
      signUp: { accessToken: string; user: { id: string } }
    }
    const { signUp: made } = await anyone.request<SignedUp>(
      signUp,
      { name: '  민지 Kim ' },
      { accessToken: undefined },
    )
    expect(made.user).toEqual({ id: made.user.id, name: '민지 Kim', points: { balance: 0 } })
    const credentials = { accessToken: made.accessToken }
    expect(await anyone.request('{ me { id name } }', {}, credentials)).toEqual({
      me: { id: made.user.id, name: '민지 Kim' },
    })
    const create = await anyone.send(
      `mutation ($input: CreateConcertInput!) { createConcert(input: $input) { __typename } }`,
      { input: { title: 'Mine', performances: [{ startsAt: '2999-01-01T00:00:00Z', seatPrice: 1 }] } },
      credentials,
    )
    expect(errorCodeOf(create)).toBe('FORBIDDEN')
    const another = await anyone.request<SignedUp>(signUp, { name: '민지 Kim' })
    expect(another.signUp.user.id).not.toBe(made.user.id)
  })
})
