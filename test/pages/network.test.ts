import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { openGateway, type Gateway, type GatewayOptions } from '../support/gateway.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { createSale, join } from '../support/purchase.ts'
import { leaveQueue } from '../support/operations.ts'
import { startServer } from '../support/server.ts'

let cluster: Cluster
let server: ServerProcess
const { visitor, open } = useBrowser()

beforeAll(async () => {
  cluster = await startCluster()
  server = await cluster.start()
})
afterAll(() => cluster.stop())

/** A network of its own for one test, which leads to the server. */
async function gateway(options?: GatewayOptions): Promise<Gateway> {
  const made = await openGateway(options)
  onTestFinished(() => made.stop())
  made.setTarget(server.url)
  return made
}

async function openAndJoin(origin: string, concertId: string) {
  const page = await open(await visitor(), `${origin}/#/concert/${concertId}`)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  return page
}

test('where WebSockets are blocked, the position is pushed over server-sent events', async () => {
  const { concertId } = await createSale(cluster, { capacity: 1 })
  const first = await cluster.user()
  const { token } = await join(first, concertId)
  const blocked = await gateway({ blockUpgrades: true })
  const page = await openAndJoin(blocked.origin, concertId)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await leaveQueue(first, token)
  await page.getByText('It is your turn!').waitFor()
  await page.getByRole('button', { name: /^Seat 3, .*free/ }).waitFor()
  expect(blocked.upgrades()).toBeGreaterThan(0)
})

test('where the handshake of a WebSocket is never answered, the position is there', async () => {
  const { concertId } = await createSale(cluster, { capacity: 1 })
  await join(await cluster.user(), concertId)
  const swallowing = await gateway({ ignoreUpgrades: true })
  const page = await openAndJoin(swallowing.origin, concertId)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  expect(swallowing.upgrades()).toBe(1)
})

test('where a WebSocket opens and nothing arrives, the position is there', async () => {
  const { concertId } = await createSale(cluster, { capacity: 1 })
  await join(await cluster.user(), concertId)
  const who = await visitor()
  let opened = 0
  await who.routeWebSocket(/graphql/, () => {
    opened += 1
  })
  const page = await open(who, `${new URL(server.url).origin}/#/concert/${concertId}`)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  expect(opened).toBe(1)
})

test('a subscription that is refused for now begins again by itself', async () => {
  const busy = await startServer({ STREAMS_PER_USER_MAX: '1' })
  onTestFinished(() => busy.stop())
  const { concertId } = await createSale(busy, { capacity: 1 })
  await join(await busy.user(), concertId)
  const who = await visitor()
  const room = new URL(`/#/concert/${concertId}`, busy.url).href
  const first = await open(who, room)
  await first.getByRole('button', { name: 'Join the queue' }).click()
  await expect.poll(() => first.getByTestId('position').textContent()).toBe('1')
  const second = await open(who, room)
  const refused = second.waitForEvent('websocket')
  await (await refused).waitForEvent('framereceived', ({ payload }) => String(payload).includes('"errors"'))
  expect(await second.getByTestId('position').count()).toBe(0)
  await first.close()
  await expect.poll(() => second.getByTestId('position').textContent()).toBe('1')
})

test('a connection that is lost without a close frame is noticed', async () => {
  const { concertId, operator } = await createSale(cluster, { capacity: 1 })
  await join(await cluster.user(), concertId)
  const network = await gateway()
  const page = await openAndJoin(network.origin, concertId)
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  network.blackhole()
  await cluster
    .clientOf(server, operator)
    .request(
      'mutation ($id: ID!) { updateQueue(input: { concertId: $id, capacity: 9 }) { queue { capacity } } }',
      {
        id: concertId,
      },
    )
  await page.getByText('It is your turn!').waitFor()
})

test.each([4429, 4500])('a socket that the server closes with %i is opened again', async (code) => {
  const { concertId } = await createSale(cluster, { capacity: 1 })
  await join(await cluster.user(), concertId)
  const who = await visitor()
  let closed = 0
  await who.routeWebSocket(/graphql/, (socket) => {
    const far = socket.connectToServer()
    far.onMessage((message) => {
      if (closed > 0 || !String(message).includes('"next"')) {
        socket.send(message)
        return
      }
      closed += 1
      void socket.close({ code })
    })
  })
  const page = await open(who, `${new URL(server.url).origin}/#/concert/${concertId}`)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  expect(closed).toBe(1)
})

// The last one: the others talk to the server that ends here.
test('a killed server: every buyer goes on where they were with the next one, without a click', async () => {
  const { concertId, operator } = await createSale(cluster, { capacity: 1 })
  const network = await gateway()
  const buyer = await openAndJoin(network.origin, concertId)
  await buyer.getByText('It is your turn!').waitFor()
  await join(await cluster.user(), concertId)
  const waiter = await openAndJoin(network.origin, concertId)
  await expect.poll(() => waiter.getByTestId('position').textContent()).toBe('2')
  await buyer.getByRole('button', { name: /^Seat 7, .*free/ }).click()
  await buyer.getByRole('button', { name: 'Hold this seat' }).click()
  await buyer.getByTestId('hold-left').waitFor()

  network.setTarget(undefined)
  await server.kill()
  await waiter.getByText('The connection is lost.').waitFor()
  expect(await waiter.getByTestId('position').textContent()).toBe('2')
  // However often it tries in vain: a WebSocket got through before, so it is no network without them.
  const tried = network.upgrades()
  await expect.poll(() => network.upgrades()).toBeGreaterThanOrEqual(tried + 6)
  let streams = 0
  for (const page of [buyer, waiter]) {
    page.on(
      'request',
      (request) => (streams += Number(/event-stream/.test(request.headers()['accept'] ?? ''))),
    )
  }
  server = await cluster.start()
  network.setTarget(server.url)

  await waiter.getByText('The connection is lost.').waitFor({ state: 'detached' })
  expect(await waiter.getByTestId('position').textContent()).toBe('2')
  await buyer.getByRole('button', { name: /^Charge/ }).click()
  await buyer.getByRole('button', { name: /^Pay/ }).click()
  await buyer.getByText('See you there!').waitFor()
  await cluster
    .clientOf(server, operator)
    .request(
      'mutation ($id: ID!) { updateQueue(input: { concertId: $id, capacity: 9 }) { queue { capacity } } }',
      {
        id: concertId,
      },
    )
  await waiter.getByText('It is your turn!').waitFor()
  expect(streams).toBe(0)
})
