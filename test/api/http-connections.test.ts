/** What load balancers rely on: idle connections stay open, and streams are not held back. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createSale, join } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** A connection that is kept alive, and asks for /live. */
async function open({ url }: TestServer): Promise<{ socket: Socket; ask: () => Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  const ask = async () => {
    socket.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  }
  return { socket, ask }
}

test('an idle connection is kept for longer than headers and a request may take to arrive', async () => {
  const { socket, ask } = await open(server)
  onTestFinished(() => void socket.destroy())
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 .*\r\nkeep-alive: timeout=65\r\n/is)
  // Node closes it after 5 s unless told otherwise; a request may take 12 s.
  await sleep(15_000)
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 /)
})

test('KEEP_ALIVE_SECONDS says for how long', async () => {
  const impatient = await startServer({ KEEP_ALIVE_SECONDS: '1' })
  onTestFinished(() => impatient.stop())
  const { socket, ask } = await open(impatient)
  expect(await ask()).toMatch(/keep-alive: timeout=1\r\n/i)
  await once(socket, 'close')
})

test('an event stream begins at once and tells proxies not to buffer it', async () => {
  const user = await server.user()
  const { concertId } = await createSale(server, { capacity: 0 })
  const { token } = await join(user, concertId)
  const aborter = new AbortController()
  onTestFinished(() => aborter.abort())
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${user.accessToken}`,
      'x-queue-token': token,
    },
    body: JSON.stringify({ query: 'subscription { queueTicketChanges { __typename } }' }),
    signal: aborter.signal,
  })
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  const first = await response.body?.getReader().read()
  // A comment, which is there before any event.
  expect(new TextDecoder().decode(first?.value as Uint8Array).startsWith(':')).toBe(true)
})
