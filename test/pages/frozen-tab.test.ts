/** A tab whose page is stopped, as phones and energy savers do it: the browser goes on answering for its connection. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useBrowser } from '../support/browser.ts'
import { isPresent } from '../support/presence.ts'
import { createSale, join, statusFields } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { leaveQueue } from '../support/operations.ts'

let server: TestServer
const stopped: number[] = []
const { visitor, open } = useBrowser()
beforeAll(async () => {
  server = await startServer({ ABSENCE_GRACE_SECONDS: '8' })
})
// Before the browser is closed, which waits for its processes.
afterAll(async () => {
  for (const pid of stopped) process.kill(pid, 'SIGCONT')
  await server.stop()
})

test('is skipped when its turn comes, keeps its number, and is next when it goes on', async () => {
  const { concertId } = await createSale(server, { capacity: 1 })
  const inside = await server.user()
  const first = await join(inside, concertId)
  const who = await visitor()
  const page = await open(who, new URL(`/#/concert/${concertId}`, server.url).href)
  await page.getByRole('button', { name: 'Join the queue' }).click()
  await page.getByText('You are in the queue').waitFor()
  const token = await page.evaluate<string>(`localStorage.getItem('ticket:${concertId}')`)

  const behind = await server.user()
  const second = await join(behind, concertId)
  const stream = behind.subscribe<{ queueTicketChanges: { status: { __typename: string } } }>(
    'ws',
    `subscription { queueTicketChanges { status { ${statusFields} } } }`,
    {},
    { queueToken: second.token },
  )
  await stream.next()

  const session = await who.browser()?.newBrowserCDPSession()
  const { processInfo } = (await session?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  stopped.push(...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id))
  expect(stopped.length).toBeGreaterThan(0)
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')

  await expect.poll(() => isPresent(server, token)).toBe(false)
  await leaveQueue(inside, first.token)
  await stream.until(({ queueTicketChanges: { status } }) => status.__typename === 'Admitted')
  for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT')
  await expect.poll(() => page.getByTestId('position').textContent()).toBe('1')
  await leaveQueue(behind, second.token)
  await page.getByText('It is your turn!').waitFor()
  await stream.stop()
})
