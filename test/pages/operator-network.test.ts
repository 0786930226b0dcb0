import type { BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { openGateway } from '../support/gateway.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { createSale } from '../support/purchase.ts'
import { claimTurn } from './claim-turn.ts'

let cluster: Cluster
let server: ServerProcess
const { visitor, open } = useBrowser()

beforeAll(async () => {
  cluster = await startCluster()
  server = await cluster.start()
})
afterAll(() => cluster.stop())

async function signIn(page: Page, accessToken: string): Promise<Locator> {
  await page.getByLabel('Operator’s access token').fill(accessToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  return page.getByRole('region', { name: 'Rehearsal' }).first()
}

/** Answers every subscription with this error. @returns what ends that */
async function refuseStreams(who: BrowserContext, code: string): Promise<() => void> {
  let refuses = true
  await who.routeWebSocket('**/graphql', (socket) => {
    const far = socket.connectToServer()
    socket.onMessage((message) => {
      const { id, type } = JSON.parse(String(message)) as { id: string; type: string }
      const error = { id, type: 'error', payload: [{ message: code, extensions: { code } }] }
      if (refuses && type === 'subscribe') socket.send(JSON.stringify(error))
      else far.send(message)
    })
  })
  return () => {
    refuses = false
  }
}

const noStats = 'No live figures at the moment.'

test('refused figures: the dashboard says that there are none, and Try again loads them', async () => {
  const { operator } = await createSale(cluster)
  const who = await visitor()
  const relent = await refuseStreams(who, 'INTERNAL')
  const page = await open(who, new URL('/operator', server.url).href)
  const card = await signIn(page, operator.accessToken)
  await card.getByText(noStats).waitFor()
  expect(await card.getByTestId('waiting').textContent()).toBe('–')
  relent()
  await card.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => card.getByTestId('waiting').textContent()).toBe('0')
  expect(await card.getByText(noStats).count()).toBe(0)
})

test('a busy server: the dashboard says that there are no figures, and shows them as soon as they come', async () => {
  const { operator } = await createSale(cluster)
  const who = await visitor()
  const relent = await refuseStreams(who, 'OVERLOADED')
  const page = await open(who, new URL('/operator', server.url).href)
  const card = await signIn(page, operator.accessToken)
  await card.getByText(noStats).waitFor()
  relent()
  await expect.poll(() => card.getByTestId('waiting').textContent()).toBe('0')
  expect(await card.getByText(noStats).count()).toBe(0)
})

// Last: the first server is gone after it.
test('a killed server: the dashboard says that the connection is lost, and goes on with the next server', async () => {
  const { concertId, operator } = await createSale(cluster, { capacity: 1 })
  const network = await openGateway()
  onTestFinished(() => network.stop())
  network.setTarget(server.url)
  const page = await open(await visitor(), `${network.origin}/operator`)
  const card = await signIn(page, operator.accessToken)
  await claimTurn(await cluster.user(), concertId)
  await expect.poll(() => card.getByTestId('admitted').textContent()).toBe('1')

  network.setTarget(undefined)
  await server.kill()
  await page.getByText('The connection is lost. The figures may be old.').waitFor()
  server = await cluster.start()
  const late = await cluster.user()
  await cluster
    .clientOf(server, late)
    .request('mutation ($id: ID!) { issueQueueToken(input: { concertId: $id }) { __typename } }', {
      id: concertId,
    })
  network.setTarget(server.url)
  await expect.poll(() => card.getByTestId('waiting').textContent()).toBe('1')
  await page.getByText('The connection is lost.').waitFor({ state: 'detached' })
})
