/** graphql-sse for every operation, with types by gql.tada: DateTime is a string, Points a number. */
import { randomUUID } from 'node:crypto'
import { print } from 'graphql'
import { createClient, type Client } from 'graphql-sse'
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import type { TypedDocument } from '../../client/graphql.ts'
import { startServer, type TestServer } from '../support/server.ts'
import {
  accountQuery,
  chargeMutation,
  holdMutation,
  joinMutation,
  payMutation,
  performancesQuery,
  reservationsQuery,
  seatsSubscription,
  ticketSubscription,
} from './documents.ts'
import { createContestedSale } from './purchase.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

async function* stream<Data, Variables extends Record<string, unknown>>(
  client: Client,
  document: TypedDocument<Data, Variables>,
  variables: Variables,
): AsyncGenerator<Data, void> {
  const results = client.iterate<Data>({ query: print(document), variables })
  for await (const { data, errors } of results) {
    if (errors || !data) throw new Error(JSON.stringify(errors))
    yield data
  }
}

/** The one result of a query or mutation. */
async function send<Data, Variables extends Record<string, unknown>>(
  ...args: Parameters<typeof stream<Data, Variables>>
): Promise<Data> {
  for await (const data of stream(...args)) return data
  throw new Error('the stream ended without a result')
}

test('a purchase works over server-sent events alone', async () => {
  const { concertId, performanceId, admitNext } = await createContestedSale(server, 1)
  const user = await server.user()
  const headers: Record<string, string> = { authorization: `Bearer ${user.accessToken}` }
  const client = createClient({ url: server.url, headers: () => headers })
  const { issueQueueToken } = await send(client, joinMutation, { input: { concertId } })
  if (issueQueueToken.__typename !== 'IssueQueueTokenPayload') throw new Error('joining was refused')
  const { token } = issueQueueToken.ticket
  headers['x-queue-token'] = token
  const ticketChanges = stream(client, ticketSubscription, { token })
  const nextStatus = async () => (await ticketChanges.next()).value?.queueTicketChanges.status
  expect(await nextStatus()).toMatchObject({ __typename: 'Waiting', position: 1 })
  await admitNext()
  let status = await nextStatus()
  while (status?.__typename === 'Waiting') status = await nextStatus()
  expect(status?.__typename).toBe('Admitted')

  const { performances } = await send(client, performancesQuery, { concertId })
  const [performance] = performances ?? []
  expectTypeOf(performance?.startsAt).toEqualTypeOf<string | undefined>()
  expect(new Date(performance?.startsAt ?? '').toISOString()).toBe(performance?.startsAt)
  const { seatChanges } = await send(client, seatsSubscription, { performanceId, token })
  expect(seatChanges).toMatchObject({ snapshot: true, performance: { id: performanceId } })
  expect(seatChanges.seats).toHaveLength(50)

  const key = () => ({ idempotencyKey: randomUUID() })
  const holdSeats = async (seatNumbers: number[]) =>
    (await send(client, holdMutation, { input: { performanceId, seatNumbers, ...key() } })).holdSeats
  expect(await holdSeats([1])).toMatchObject({ __typename: 'SeatTaken', seatNumbers: [1] })
  const held = await holdSeats([2])
  if (held.__typename !== 'HoldSeatsPayload') throw new Error('the hold was refused')
  await send(client, chargeMutation, { input: { amount: 150, ...key() } })
  const input = { reservationId: held.reservation.id, ...key() }
  const { payReservation } = await send(client, payMutation, { input })
  expect(payReservation).toMatchObject({ __typename: 'PayReservationPayload', account: { balance: 50 } })

  // The ticket is spent, and its stream ends.
  do status = await nextStatus()
  while (status?.__typename === 'Admitted')
  expect(status?.__typename).toBe('Finished')
  expect(await ticketChanges.next()).toMatchObject({ done: true })
  const { me } = await send(client, accountQuery, {})
  expectTypeOf<NonNullable<typeof me>['points']['balance']>().toEqualTypeOf<number>()
  expect(me?.points.balance).toBe(50)
  const { reservations } = await send(client, reservationsQuery, {})
  expect(reservations.edges).toMatchObject([{ node: { id: held.reservation.id, status: 'PAID' } }])
  client.dispose()
})
