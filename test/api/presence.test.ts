/** Who counts as present in line: only a client whose code still runs. A connection that is merely open does not. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSale, join, statusOf, type Sale, type Status } from '../support/purchase.ts'
import { isPresent } from '../support/presence.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket, type Socket } from '../support/socket.ts'
import { leaveQueue, statusSubscription } from '../support/operations.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ ABSENCE_GRACE_SECONDS: '4', CLAIM_SECONDS: '60' })
})
afterAll(async () => {
  await server.stop()
})

const isRecorded = (token: string) => isPresent(server, token)

interface Place {
  user: TestUser
  token: string
}

async function takePlace({ concertId }: Sale): Promise<Place> {
  const user = await server.user()
  return { user, token: (await join(user, concertId)).token }
}

async function watch({ user, token }: Place, frozen: boolean): Promise<Socket> {
  const socket = await openSocket(server.url, {
    frozen,
    init: { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token },
  })
  socket.send({ type: 'subscribe', id: 'one', payload: { query: statusSubscription } })
  expect(await socket.next()).toMatchObject({ type: 'next' })
  return socket
}

const until = (place: Place, wanted: Status['__typename']) =>
  expect.poll(async () => (await statusOf(place.user, place.token)).__typename).toBe(wanted)

test('a frozen client stays connected, is skipped after the grace period, and keeps its number', async () => {
  const sale = await createSale(server, { capacity: 1 })
  const inside = await takePlace(sale)
  const [frozen, present] = [await takePlace(sale), await takePlace(sale)]
  const sockets = [await watch(frozen, true), await watch(present, false)]
  await expect.poll(() => isRecorded(frozen.token)).toBe(false)
  expect(await isRecorded(present.token)).toBe(true)

  await leaveQueue(inside.user, inside.token)
  await until(present, 'Admitted')
  // The socket is open, and hears that nothing has changed for it: it will be next when it is back.
  const [slept, awake] = sockets
  slept?.send({ type: 'ping' })
  await leaveQueue(present.user, present.token)
  await expect
    .poll(async () => {
      const { payload } = (await slept?.next()) ?? {}
      return JSON.stringify(payload)
    })
    .toContain('"Admitted"')
  slept?.drop()
  awake?.drop()
})

test('server-sent events count once, when they are subscribed to', async () => {
  const sale = await createSale(server, { capacity: 1 })
  await takePlace(sale)
  const listener = await takePlace(sale)
  const other = await takePlace(sale)
  const socket = await watch(other, false)
  const stream = listener.user.subscribe<object>(
    'sse',
    statusSubscription,
    {},
    { queueToken: listener.token },
  )
  await stream.next()
  await expect.poll(() => isRecorded(listener.token)).toBe(false)
  // Asking is what keeps such a client present.
  expect((await statusOf(listener.user, listener.token)).__typename).toBe('Waiting')
  expect(await isRecorded(listener.token)).toBe(true)
  await stream.stop()
  socket.drop()
})

const countQuery = 'query ($id: ID!) { concert(id: $id) { performances { availableSeatCount } } }'

test('reading the number of available seats starts no turn', async () => {
  const sale = await createSale(server)
  const { user, token } = await takePlace(sale)
  const before = await statusOf(user, token)
  await user.request(countQuery, { id: sale.concertId }, { queueToken: token })
  expect(await statusOf(user, token)).toEqual(before)
  const datesQuery = 'query ($id: ID!) { performances(concertId: $id) { id } }'
  await user.request(datesQuery, { id: sale.concertId }, { queueToken: token })
  expect((await statusOf(user, token)).until).not.toBe(before.until)
})

test('reading the number of available seats does not count', async () => {
  const sale = await createSale(server, { capacity: 1 })
  await takePlace(sale)
  const { user, token } = await takePlace(sale)
  await expect.poll(() => isRecorded(token)).toBe(false)
  await user.request(countQuery, { id: sale.concertId }, { queueToken: token })
  expect(await isRecorded(token)).toBe(false)
  await statusOf(user, token)
  expect(await isRecorded(token)).toBe(true)
})
