/** What a client with a normalised cache relies on: ids, objects that can be loaded again, and events that are up to date. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uuidOf } from '../support/arrange.ts'
import { cancel, errorCodeOf, leaveQueue } from '../support/operations.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { globalId, numberedKey } from '../../src/schema/ids.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

interface Node {
  __typename: string
  id: string
}

const nodesQuery = `query ($ids: [ID!]!) { nodes(ids: $ids) {
  __typename id
  ... on Concert { title }
  ... on Queue { capacity }
  ... on QueueTicket { ticketStatus: status { __typename } token }
  ... on PointAccount { balance }
  ... on Seat { number seatStatus: status }
} }`

describe('nodes', () => {
  test('loads every kind of object by the id that the API returned for it', async () => {
    const { concertId, performanceIds } = await createSale(server, { seatCount: 3 })
    const user = await server.user()
    const ticket = await join(user, concertId)
    const held = await hold(user, ticket.token, performanceIds[0] ?? '', [2])
    const { queueTicket, me, reservation } = await user.request<{
      queueTicket: { id: string; concert: { queue: Node } }
      me: { points: Node }
      reservation: { seats: Node[] }
    }>(
      `query ($id: ID!) {
        queueTicket { id concert { queue { __typename id } } }
        me { points { __typename id } }
        reservation(id: $id) { seats { __typename id } }
      }`,
      { id: held.id },
      { queueToken: ticket.token },
    )
    const ids = [
      concertId,
      queueTicket.concert.queue.id,
      queueTicket.id,
      me.points.id,
      reservation.seats[0]?.id,
    ]
    expect(await user.request(nodesQuery, { ids }, { queueToken: ticket.token })).toEqual({
      nodes: [
        { __typename: 'Concert', id: concertId, title: 'Rehearsal' },
        { __typename: 'Queue', id: ids[1], capacity: 100 },
        {
          __typename: 'QueueTicket',
          id: ids[2],
          ticketStatus: { __typename: 'Admitted' },
          token: ticket.token,
        },
        { __typename: 'PointAccount', id: ids[3], balance: 0 },
        { __typename: 'Seat', id: ids[4], number: 2, seatStatus: 'HELD' },
      ],
    })
  })

  test('nulls the objects that the caller may not see, and not the list', async () => {
    const { concertId, performanceIds } = await createSale(server)
    const [owner, other] = [await server.user(), await server.user()]
    const { token } = await join(owner, concertId)
    const { id } = await hold(owner, token, performanceIds[0] ?? '', [1])
    const seatId = globalId('Seat', numberedKey(uuidOf(performanceIds[0] ?? ''), 1))
    const ids = [id, concertId, seatId]
    const answer = await other.send<{ nodes: (Node | null)[] }>(nodesQuery, { ids })
    expect(answer.data.nodes).toEqual([
      null,
      { __typename: 'Concert', id: concertId, title: 'Rehearsal' },
      null,
    ])
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['nodes', 2], 'QUEUE_TICKET_INVALID'],
    ])
  })

  test('takes up to 100 ids', async () => {
    const { concertId, operator } = await createSale(server)
    const send = (count: number) =>
      operator.send('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(count).fill(concertId) })
    expect((await send(100)).errors).toBeUndefined()
    expect(errorCodeOf(await send(101))).toBe('BAD_INPUT')
  })

  test('loads an object that is asked for twice in one operation', async () => {
    const { concertId, operator } = await createSale(server)
    const twice = 'query ($id: ID!) { one: node(id: $id) { id } two: node(id: $id) { id } }'
    const node = { id: concertId }
    expect(await operator.request(twice, { id: concertId })).toEqual({ one: node, two: node })
  })

  test('does not load a seat that the date does not have', async () => {
    const { performanceIds, operator } = await createSale(server, { seatCount: 3 })
    const seat = (number: number) => globalId('Seat', numberedKey(uuidOf(performanceIds[0] ?? ''), number))
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'
    expect(await operator.request(query, { ids: [seat(3), seat(4)] })).toEqual({
      nodes: [{ id: seat(3) }, null],
    })
  })
})

describe('a queue ticket', () => {
  const nodeQuery = 'query ($id: ID!) { node(id: $id) { ... on QueueTicket { id status { __typename } } } }'

  test('is loaded by its owner without the token, and by nobody else', async () => {
    const { concertId, operator } = await createSale(server)
    const [owner, other] = [await server.user(), await server.user()]
    const { id } = await join(owner, concertId)
    expect(await owner.request(nodeQuery, { id })).toEqual({
      node: { id, status: { __typename: 'Admitted' } },
    })
    for (const user of [other, operator])
      expect(await user.request(nodeQuery, { id })).toEqual({ node: null })
  })

  test('is Finished after the payment, and null after its owner has left, without the token', async () => {
    const { concertId, performanceIds } = await createSale(server)
    const [buyer, leaver] = [await server.user(), await server.user()]
    const ticket = await join(buyer, concertId)
    const held = await hold(buyer, ticket.token, performanceIds[0] ?? '', [1])
    await charge(buyer, 100)
    await pay(buyer, ticket.token, held.id)
    expect(await buyer.request(nodeQuery, { id: ticket.id })).toMatchObject({
      node: { status: { __typename: 'Finished' } },
    })
    const left = await join(leaver, concertId)
    await leaveQueue(leaver, left.token)
    expect(await leaver.request(nodeQuery, { id: left.id })).toEqual({ node: null })
    expect(await leaver.request(nodeQuery, { id: left.id }, { queueToken: left.token })).toMatchObject({
      node: { status: { __typename: 'Lapsed' } },
    })
  })
})

describe('an event of a subscription', () => {
  test('has the queue as it is at that moment', async () => {
    const { concertId } = await createSale(server, { capacity: 1 })
    const [first, second, third] = [await server.user(), await server.user(), await server.user()]
    const admitted = await join(first, concertId)
    const next = await join(second, concertId)
    await join(third, concertId)
    const stream = second.subscribe<{
      queueTicketChanges: { id: string; status: { __typename: string }; concert: { queue: object } }
    }>(
      'ws',
      `subscription { queueTicketChanges {
        id status { __typename } concert { queue { waitingCount admittedCount } } } }`,
      {},
      { queueToken: next.token },
    )
    expect((await stream.next())?.queueTicketChanges).toEqual({
      id: next.id,
      status: { __typename: 'Waiting' },
      concert: { queue: { waitingCount: 2, admittedCount: 1 } },
    })
    await leaveQueue(first, admitted.token)
    const event = await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted')
    expect(event?.queueTicketChanges.concert.queue).toEqual({ waitingCount: 1, admittedCount: 1 })
    await stream.stop()
  })

  test('has the reservations of the seats as they are at that moment, for an operator', async () => {
    const { concertId, performanceIds, operator } = await createSale(server, { seatCount: 2 })
    const buyer = await server.user()
    const { token } = await join(buyer, concertId)
    const stream = operator.subscribe<{ seatChanges: { seats: object[] } }>(
      'ws',
      `subscription ($id: ID!) { seatChanges(performanceId: $id) {
        seats { number status reservation { status user { id } } } } }`,
      { id: performanceIds[0] },
    )
    const seats = async () => (await stream.next())?.seatChanges.seats
    const available = { status: 'AVAILABLE', reservation: null }
    expect(await seats()).toEqual([
      { number: 1, ...available },
      { number: 2, ...available },
    ])
    const held = await hold(buyer, token, performanceIds[0] ?? '', [2])
    const reservation = { status: 'HELD', user: { id: buyer.id } }
    expect(await seats()).toEqual([{ number: 2, status: 'HELD', reservation }])
    await cancel(buyer, held.id)
    expect(await seats()).toEqual([{ number: 2, ...available }])
    await stream.stop()
  })
})

describe('the dates of a concert', () => {
  const query = `query ($id: ID!) { concert(id: $id) {
    performances { id startsAt seatCount seatPrice availableSeatCount concert { id title } } } }`

  test('are public: when, how much, and how many seats are available', async () => {
    const { concertId, performanceIds } = await createSale(server, { dates: 2, seatCount: 2, seatPrice: 30 })
    const buyer = await server.user()
    const { token } = await join(buyer, concertId)
    await hold(buyer, token, performanceIds[1] ?? '', [1, 2])
    const { concert } = await buyer.request<{ concert: { performances: object[] } }>(
      query,
      { id: concertId },
      { accessToken: undefined },
    )
    expect(concert.performances).toMatchObject([
      { id: performanceIds[0], seatCount: 2, seatPrice: 30, availableSeatCount: 2 },
      { id: performanceIds[1], availableSeatCount: 0, concert: { id: concertId, title: 'Rehearsal' } },
    ])
  })

  test('do not show their seats without a ticket: the seats are null, and the dates are not', async () => {
    const { concertId } = await createSale(server)
    const seatsQuery = 'query ($id: ID!) { concert(id: $id) { performances { seatCount seats { id } } } }'
    const answer = await (await server.user()).send(seatsQuery, { id: concertId })
    expect(answer.data).toEqual({ concert: { performances: [{ seatCount: 50, seats: null }] } })
    expect(errorCodeOf(answer)).toBe('QUEUE_TICKET_INVALID')
  })
})

describe('an operator without a ticket', () => {
  const query = `query ($id: ID!, $concert: ID!) {
    performances(concertId: $concert) { id }
    performance(id: $id) { availableSeatCount seats(status: null) { number status reservation { user { id } } } } }`

  test('sees the dates and seats, and whose they are; a buyer sees only the own', async () => {
    const { concertId, performanceIds, operator } = await createSale(server, { seatCount: 3 })
    const [first, second] = [await server.user(), await server.user()]
    const [one, two] = [await join(first, concertId), await join(second, concertId)]
    const [date = ''] = performanceIds
    await hold(first, one.token, date, [1])
    await hold(second, two.token, date, [3])
    const variables = { id: date, concert: concertId }
    const seat = (number: number, status: string, userId: string | null) => ({
      number,
      status,
      reservation: userId === null ? null : { user: { id: userId } },
    })
    expect(await operator.request(query, variables)).toEqual({
      performances: [{ id: date }],
      performance: {
        availableSeatCount: 1,
        seats: [seat(1, 'HELD', first.id), seat(2, 'AVAILABLE', null), seat(3, 'HELD', second.id)],
      },
    })
    expect(await first.request(query, variables, { queueToken: one.token })).toMatchObject({
      performance: { seats: [seat(1, 'HELD', first.id), seat(2, 'AVAILABLE', null), seat(3, 'HELD', null)] },
    })
  })

  test('still needs one to hold seats', async () => {
    const { performanceIds, operator } = await createSale(server)
    const hold = `mutation ($id: ID!) {
      holdSeats(input: { performanceId: $id, seatNumbers: [1], idempotencyKey: "a" }) { __typename } }`
    expect(errorCodeOf(await operator.send(hold, { id: performanceIds[0] }))).toBe('QUEUE_TICKET_INVALID')
  })
})

test('a ticket that is not admitted is refused in the same words by every operation', async () => {
  const { concertId, performanceIds } = await createSale(server, { capacity: 1 })
  await join(await server.user(), concertId)
  const waiting = await server.user()
  const { token } = await join(waiting, concertId)
  const [id] = performanceIds
  const messages = new Set<string | undefined>()
  for (const document of [
    'query ($id: ID!) { performance(id: $id) { id } }',
    'subscription ($id: ID!) { seatChanges(performanceId: $id) { snapshot } }',
    `mutation ($id: ID!) {
      holdSeats(input: { performanceId: $id, seatNumbers: [1], idempotencyKey: "a" }) { __typename } }`,
  ]) {
    const answer = await waiting.send(document, { id }, { queueToken: token })
    expect(errorCodeOf(answer)).toBe('NOT_ADMITTED')
    messages.add(answer.errors?.[0]?.message)
  }
  expect(messages.size).toBe(1)
})
