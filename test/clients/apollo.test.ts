/** Apollo Client 4: persisted queries over HTTP, subscriptions over graphql-ws. */
import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, type ApolloCache, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { isAbstractType, OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { graphql, type ResultOf } from '../../client/graphql.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { reservationsQuery, type holdMutation } from './documents.ts'
import { buySeats, type CachingClient, type Connection } from './purchase.ts'
import { schema } from './schema.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const possibleTypes = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
)

/** @param onBody receives the body of every HTTP request */
function connect({ url, headers }: Connection, onBody?: (body: object) => void): CachingClient {
  const http = new HttpLink({
    uri: url,
    fetch: (input, init) => {
      onBody?.(JSON.parse(init?.body as string) as object)
      return fetch(input, init)
    },
  })
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: headers,
  })
  const client = new ApolloClient({
    cache: new InMemoryCache({
      possibleTypes,
      // Its types have different fields: one replaces the other.
      typePolicies: { QueueTicket: { fields: { status: { merge: false } } } },
    }),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256: (text) => createHash('sha256').update(text).digest('hex') }),
      new SetContextLink(() => ({ headers: headers() })),
      ApolloLink.split(
        ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
        new GraphQLWsLink(socket),
        http,
      ),
    ]),
  })
  return {
    query: async (query, variables) => {
      const { data } = await client.query({ query, variables, fetchPolicy: 'network-only' })
      return data as NonNullable<typeof data>
    },
    mutate: async (mutation, variables) => {
      const { data } = await client.mutate({ mutation, variables, update: addReservation })
      return data as NonNullable<typeof data>
    },
    subscribe: (query, variables) =>
      new Promise((resolve, reject) => {
        client.subscribe({ query, variables }).subscribe({
          next: ({ error }) => {
            if (error) reject(new Error(error.message))
          },
          complete: resolve,
        })
      }),
    read: (query, variables) => client.readQuery({ query, variables }),
    stop: async () => {
      client.stop()
      await socket.dispose()
    },
  }
}

/** Adds what was held to the list, as an app does after every mutation that adds something. */
function addReservation(cache: ApolloCache, { data }: { data?: unknown }): void {
  const held = (data as Partial<ResultOf<typeof holdMutation>>).holdSeats
  if (held?.__typename !== 'HoldSeatsPayload') return
  cache.updateQuery({ query: reservationsQuery }, (list) => {
    if (!list) return
    const edge = { __typename: 'ReservationEdge', node: held.reservation } as const
    return { reservations: { ...list.reservations, edges: [...list.reservations.edges, edge] } }
  })
}

test('the cache says what the server says after a purchase', () => buySeats(server, connect))

test('a query is sent by its hash alone from the second time on', async () => {
  const user = await server.user()
  const bodies: object[] = []
  const headers = () => ({ authorization: `Bearer ${user.accessToken}` })
  const client = connect({ url: server.url, headers }, (body) => bodies.push(body))
  const query = graphql(`
    query ThisTestAlone {
      me {
        id
      }
    }
  `)
  for (let times = 0; times < 3; times++) {
    expect(await client.query(query, {})).toMatchObject({ me: { id: user.id } })
  }
  // By its hash alone, then with the document, then by its hash twice.
  expect(bodies.map((body) => 'query' in body)).toEqual([false, true, false, false])
  expect(bodies[0]).toMatchObject({ extensions: { clientLibrary: { name: '@apollo/client' } } })
  await client.stop()
})
