/** The client of graphql-ws with its default settings, behind one address, while one server replaces another. */
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openGateway, type Gateway } from '../support/gateway.ts'
import { startCluster, type Cluster } from '../support/cluster.ts'
import { createSale, join } from '../support/purchase.ts'

let cluster: Cluster
let gateway: Gateway
beforeAll(async () => {
  cluster = await startCluster({ DRAIN_SECONDS: '0' })
  gateway = await openGateway()
})
afterAll(async () => {
  await gateway.stop()
  await cluster.stop()
})

test.each(['stop', 'kill'] as const)('it survives a %s of its server', async (how) => {
  const before = await cluster.start()
  gateway.setTarget(before.url)
  const operator = await cluster.user('operator')
  const sale = await createSale({
    user: () => Promise.resolve({ ...operator, ...cluster.clientOf(before, operator) }),
  })
  const buyer = cluster.clientOf(before, operator)
  const { token } = await join({ ...operator, ...buyer }, sale.concertId)
  const client = createClient({
    url: `${gateway.origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${operator.accessToken}` },
  })
  const codes: number[] = []
  client.on('closed', (event) => codes.push((event as { code: number }).code))
  const messages = client.iterate({
    query: 'subscription ($token: String) { queueTicketChanges(token: $token) { status { __typename } } }',
    variables: { token },
  })
  const next = async () => (await messages.next()).value as unknown
  expect(await next()).toEqual({ data: { queueTicketChanges: { status: { __typename: 'Admitted' } } } })

  // A handshake that fails is final for this client, whatever it fails with: there has to be another server by then.
  const after = await cluster.start()
  gateway.setTarget(after.url)
  await before[how]()
  expect(await next()).toEqual({ data: { queueTicketChanges: { status: { __typename: 'Admitted' } } } })
  expect(codes).toEqual([how === 'stop' ? 1012 : 1006])
  await messages.return?.()
  await client.dispose()
})
