/** urql with Graphcache and the schema: subscriptions over server-sent events. */
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { introspectionFromSchema, isObjectType } from 'graphql'
import { createClient } from 'graphql-sse'
import { afterAll, beforeAll, test } from 'vitest'
import type { ResultOf } from '../../client/graphql.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { reservationsQuery, type holdMutation } from './documents.ts'
import { buySeats, type CachingClient, type Connection } from './purchase.ts'
import { schema } from './schema.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** Graphcache keeps objects without an id inside their parents. */
const keys = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !('id' in type.getFields()))
    .map(({ name }) => [name, () => null]),
)

function connect({ url, headers }: Connection): CachingClient {
  const events = createClient({ url, headers })
  const client = new Client({
    url,
    fetchOptions: () => ({ headers: headers() }),
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        schema: introspectionFromSchema(schema),
        keys,
        updates: {
          Mutation: {
            holdSeats: (result, _args, cache) => {
              const held = result.holdSeats as unknown as ResultOf<typeof holdMutation>['holdSeats']
              if (held.__typename !== 'HoldSeatsPayload') return
              cache.updateQuery({ query: reservationsQuery }, (list) => {
                if (!list) return list
                const edge = { __typename: 'ReservationEdge', node: held.reservation } as const
                return { reservations: { ...list.reservations, edges: [...list.reservations.edges, edge] } }
              })
            },
          },
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: (sink) => ({ unsubscribe: events.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  })
  return {
    query: async (query, variables) => {
      const { data, error } = await client.query(query, variables, { requestPolicy: 'network-only' })
      if (error) throw error
      return data as NonNullable<typeof data>
    },
    mutate: async (mutation, variables) => {
      const { data, error } = await client.mutation(mutation, variables)
      if (error) throw error
      return data as NonNullable<typeof data>
    },
    subscribe: (subscription, variables) =>
      new Promise((resolve, reject) => {
        client.subscription(subscription, variables).subscribe(({ error, hasNext }) => {
          if (error) reject(error)
          if (!hasNext) resolve()
        })
      }),
    read: (query, variables) =>
      client.readQuery(query, variables, { requestPolicy: 'cache-only' })?.data ?? null,
    stop: () => {
      events.dispose()
      return Promise.resolve()
    },
  }
}

test('the cache says what the server says after a purchase', () => buySeats(server, connect))
