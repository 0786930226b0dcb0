/** A purchase with a client library, from the public page to the ticket, and what its cache says at every step. */
import { randomUUID } from 'node:crypto'
import { print } from 'graphql'
import { expect } from 'vitest'
import type { TypedDocument } from '../../client/graphql.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import type { TestServer, TestUser } from '../support/server.ts'
import {
  accountQuery,
  chargeMutation,
  concertQuery,
  holdMutation,
  joinMutation,
  payMutation,
  performancesQuery,
  refreshQuery,
  reservationsQuery,
  seatsQuery,
  seatsSubscription,
  ticketQuery,
  ticketSubscription,
} from './documents.ts'

/** What the scenario needs of a client library. */
export interface CachingClient {
  /** Asks the server and stores the result in the cache. Throws on errors. */
  query<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Promise<Data>
  mutate<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Promise<Data>
  /** Stores every message in the cache until the server completes the stream. */
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Promise<void>
  /** Reads the cache alone. */
  read<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): Data | null
  stop(): Promise<void>
}

export interface Connection {
  /** Of the GraphQL endpoint; the WebSocket has the same path. */
  url: string
  /** The credentials as they are now: an access token, and from joining on a queue token. */
  headers: () => Record<string, string>
}

export interface ContestedSale {
  concertId: string
  performanceId: string
  operator: TestUser
  /** The first buyer pays for seat 1, and the next in the queue is admitted. */
  admitNext: () => Promise<void>
}

/**
 * A sale whose first buyer is admitted and holds seat 1.
 * @param capacity of the queue
 */
export async function createContestedSale(server: TestServer, capacity: number): Promise<ContestedSale> {
  const { concertId, performanceIds, operator } = await createSale(server, { capacity })
  const [performanceId = ''] = performanceIds
  const first = await server.user()
  const { token } = await join(first, concertId)
  await charge(first, 100)
  const { id } = await hold(first, token, performanceId, [1])
  const admitNext = async () => {
    expect(await pay(first, token, id)).not.toHaveProperty('message')
  }
  return { concertId, performanceId, operator, admitNext }
}

/** Joins behind other buyers, waits, is refused a taken seat, holds two others, charges points and pays. */
export async function buySeats(
  server: TestServer,
  connect: (connection: Connection) => CachingClient,
): Promise<void> {
  const { concertId, performanceId, operator, admitNext } = await createContestedSale(server, 2)
  const [second, user] = [await server.user(), await server.user()]
  const secondTicket = await join(second, concertId)
  const headers: Record<string, string> = { authorization: `Bearer ${user.accessToken}` }
  const client = connect({ url: server.url, headers: () => headers })
  const allSeats = { performanceId, status: null }
  const seatStatus = (number: number) =>
    client.read(seatsQuery, allSeats)?.performance?.seats?.[number - 1]?.status
  const reservations = () => client.read(reservationsQuery, {})?.reservations.edges.map(({ node }) => node)

  const { concert } = await client.query(concertQuery, { id: concertId })
  await client.query(accountQuery, {})
  await client.query(reservationsQuery, {})
  expect(concert?.performances).toMatchObject([{ id: performanceId, seatCount: 50 }])
  expect(reservations()).toEqual([])

  const { issueQueueToken } = await client.mutate(joinMutation, { input: { concertId } })
  if (issueQueueToken.__typename !== 'IssueQueueTokenPayload') throw new Error('joining was refused')
  const { token, status } = issueQueueToken.ticket
  expect(status).toMatchObject({ __typename: 'Waiting', position: 1 })
  headers['x-queue-token'] = token
  await client.query(ticketQuery, { token })
  const ticketChanges = client.subscribe(ticketSubscription, { token })
  await admitNext()
  await expect
    .poll(() => client.read(ticketQuery, { token })?.queueTicket?.status.__typename)
    .toBe('Admitted')

  const { performances } = await client.query(performancesQuery, { concertId })
  expect(performances).toMatchObject([{ id: performanceId }])
  await client.query(seatsQuery, allSeats)
  // It ends with the ticket, after the last changes.
  const seatChanges = client.subscribe(seatsSubscription, { performanceId, token })
  await hold(second, secondTicket.token, performanceId, [5])
  await expect.poll(() => seatStatus(5)).toBe('HELD')

  const holdSeats = async (seatNumbers: number[]) =>
    (
      await client.mutate(holdMutation, {
        input: { performanceId, seatNumbers, idempotencyKey: randomUUID() },
      })
    ).holdSeats
  expect(await holdSeats([1, 2])).toMatchObject({ __typename: 'SeatTaken', seatNumbers: [1] })
  expect(reservations()).toEqual([])
  const held = await holdSeats([2, 3])
  if (held.__typename !== 'HoldSeatsPayload') throw new Error('the hold was refused')
  const { reservation } = held
  expect(reservations()).toMatchObject([{ id: reservation.id, status: 'HELD' }])
  expect([seatStatus(1), seatStatus(2), seatStatus(3)]).toEqual(['SOLD', 'HELD', 'HELD'])

  const payReservation = async () =>
    (
      await client.mutate(payMutation, {
        input: { reservationId: reservation.id, idempotencyKey: randomUUID() },
      })
    ).payReservation
  expect(await payReservation()).toMatchObject({ __typename: 'InsufficientPoints', balance: 0, price: 200 })
  await client.mutate(chargeMutation, { input: { amount: 500, idempotencyKey: randomUUID() } })
  expect(client.read(accountQuery, {})?.me?.points.balance).toBe(500)
  expect(await payReservation()).toMatchObject({
    __typename: 'PayReservationPayload',
    payment: { reservation: { status: 'PAID' } },
    account: { balance: 300 },
  })
  await Promise.all([ticketChanges, seatChanges])

  // Counts are up to a second old for a client that is not admitted.
  await expect
    .poll(() => request(user, concertQuery, { id: concertId }))
    .toMatchObject({
      concert: {
        queue: { waitingCount: 0, admittedCount: 1 },
        performances: [{ availableSeatCount: 46 }],
      },
    })
  await client.query(refreshQuery, { ids: [performanceId, concert?.queue.id ?? ''] })

  const expectSame = async <Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
    as = user,
  ) => expect(client.read(document, variables)).toMatchObject(await request(as, document, variables))
  await expectSame(accountQuery, {})
  await expectSame(concertQuery, { id: concertId })
  await expectSame(reservationsQuery, {})
  await expectSame(ticketQuery, { token })
  // The ticket is spent: the seats are an operator's to see.
  await expectSame(seatsQuery, allSeats, operator)
  expect(client.read(ticketQuery, { token })?.queueTicket?.status.__typename).toBe('Finished')
  expect([seatStatus(1), seatStatus(2), seatStatus(3), seatStatus(5)]).toEqual([
    'SOLD',
    'SOLD',
    'SOLD',
    'HELD',
  ])
  await client.stop()
}

const request = <Data, Variables extends object>(
  user: TestUser,
  document: TypedDocument<Data, Variables>,
  variables: Variables,
): Promise<Data & object> => user.request(print(document), variables)
