/** Apollo Client 4 with persisted queries, over HTTP and over a graphql-ws socket. */
import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createSale, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

test('a query is sent by its hash from the second time on, and a subscription works beside it', async () => {
  const { concertId, performanceIds } = await createSale(server)
  const user = await server.user()
  const { token } = await join(user, concertId)
  const headers = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
  const bodies: string[] = []
  const http = new HttpLink({
    uri: server.url,
    headers,
    fetch: (url, init) => {
      bodies.push(init?.body as string)
      return fetch(url, init)
    },
  })
  const socket = createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: headers.authorization },
  })
  const persisted = new PersistedQueryLink({
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  })
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    http,
  )
  const client = new ApolloClient({ link: persisted.concat(link), cache: new InMemoryCache() })

  const query = gql`
    query Me {
      me {
        id
      }
    }
  `
  for (let times = 0; times < 3; times++) {
    const { data, error } = await client.query({ query, fetchPolicy: 'network-only' })
    expect(error).toBeUndefined()
    expect(data).toMatchObject({ me: { id: user.id } })
  }
  // By its hash alone, then with the document, then by its hash twice.
  expect(bodies.map((body) => 'query' in (JSON.parse(body) as object))).toEqual([false, true, false, false])
  expect(bodies[0]).toContain('clientLibrary')

  const seats = client.subscribe<{ seatChanges: { snapshot: boolean } }>({
    query: gql`
      subscription Seats($id: ID!, $token: String) {
        seatChanges(performanceId: $id, token: $token) {
          snapshot
        }
      }
    `,
    variables: { id: performanceIds[0], token },
  })
  const first = await new Promise((resolve, reject) => {
    const subscription = seats.subscribe({
      next: (result) => {
        subscription.unsubscribe()
        resolve(result.data?.seatChanges.snapshot)
      },
      error: reject,
    })
  })
  expect(first).toBe(true)
  client.stop()
  await socket.dispose()
})
