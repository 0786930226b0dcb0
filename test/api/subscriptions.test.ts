/** What is pushed, over either way, and what is left when the other end is gone. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeys } from '../../src/redis/keys.ts'
import { uuidOf } from '../support/arrange.ts'
import { charge, createSale, hold, join, pay, type Status } from '../support/purchase.ts'
import { startServer, type TestServer, type TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { seatSubscription, statusSubscription } from '../support/operations.ts'

let server: TestServer
let redis: Redis
beforeAll(async () => {
  server = await startServer()
  redis = new Redis(server.config.redisUrl)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

interface Watched {
  user: TestUser
  token: string
  date: string
  /** How many listen on the two channels that tell of this concert and this date. */
  listeners: () => Promise<number>
}

/** Somebody who is let in to a concert of their own. */
async function enter(capacity = 1): Promise<Watched> {
  const { concertId, performanceIds } = await createSale(server, { capacity })
  const [date = ''] = performanceIds
  const user = await server.user()
  const { token } = await join(user, concertId)
  const keys = createKeys(server.config.redisPrefix)
  const channels = [keys.queueChannel(uuidOf(concertId)), keys.seatsChannel(uuidOf(date))]
  const listeners = async () => {
    const counts = (await redis.pubsub('NUMSUB', ...channels)) as (string | number)[]
    return Number(counts[1]) + Number(counts[3])
  }
  return { user, token, date, listeners }
}

async function buy({ user, token, date }: Watched): Promise<void> {
  const held = await hold(user, token, date, [1])
  await charge(user, 100)
  expect((await pay(user, token, held.id)).__typename).toBe('PayReservationPayload')
}

describe.each(['ws', 'sse'] as const)('over %s', (transport) => {
  test('the present state comes first, Finished last, and then the stream completes', async () => {
    const watched = await enter()
    const { user, token, listeners } = watched
    const stream = user.subscribe<{ queueTicketChanges: { status: Status } }>(
      transport,
      statusSubscription,
      {},
      { queueToken: token },
    )
    expect((await stream.next())?.queueTicketChanges.status.__typename).toBe('Admitted')
    expect(await listeners()).toBe(1)
    await buy(watched)

    const seen: string[] = []
    for (let news = await stream.next(); news; news = await stream.next()) {
      seen.push(news.queueTicketChanges.status.__typename)
      if (news.queueTicketChanges.status.__typename === 'Finished')
        expect(Date.parse(news.queueTicketChanges.status.at ?? '')).not.toBeNaN()
    }
    expect(seen.at(-1)).toBe('Finished')
    expect(seen.slice(0, -1).every((kind) => kind === 'Admitted')).toBe(true)
    await expect.poll(listeners).toBe(0)

    const late = user.subscribe<{ queueTicketChanges: { status: Status } }>(
      transport,
      statusSubscription,
      {},
      { queueToken: token },
    )
    expect((await late.next())?.queueTicketChanges.status.__typename).toBe('Finished')
    expect(await late.next()).toBeNull()
  })

  test('a client that stops leaves nothing behind', async () => {
    const { user, token, date, listeners } = await enter()
    const streams = [
      user.subscribe(transport, statusSubscription, {}, { queueToken: token }),
      user.subscribe(transport, seatSubscription, { id: date }, { queueToken: token }),
    ]
    for (const stream of streams) await stream.next()
    await expect.poll(listeners).toBeGreaterThanOrEqual(2)
    for (const stream of streams) await stream.stop()
    await expect.poll(listeners).toBe(0)
  })
})

describe('a client that is gone without a word leaves nothing behind', () => {
  test('over ws', async () => {
    const { user, token, date, listeners } = await enter()
    const init = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
    const socket = await openSocket(server.url, { init })
    socket.send({ type: 'subscribe', id: 'status', payload: { query: statusSubscription } })
    await socket.next()
    socket.send({
      type: 'subscribe',
      id: 'seats',
      payload: { query: seatSubscription, variables: { id: date } },
    })
    await socket.next()
    expect(await listeners()).toBeGreaterThanOrEqual(2)
    socket.drop()
    await expect.poll(listeners).toBe(0)
  })

  test('over ws, before its stream has begun', async () => {
    const { user, token, date, listeners } = await enter()
    const init = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
    for (let round = 0; round < 10; round++) {
      const socket = await openSocket(server.url, { init })
      socket.send({
        type: 'subscribe',
        id: 'seats',
        payload: { query: seatSubscription, variables: { id: date } },
      })
      socket.send({ type: 'subscribe', id: 'status', payload: { query: statusSubscription } })
      setImmediate(() => socket.drop())
      await socket.closed
    }
    await expect.poll(listeners).toBe(0)
  })

  test('over sse', async () => {
    const { user, token, date, listeners } = await enter()
    const gone = new AbortController()
    for (const body of [
      { query: statusSubscription },
      { query: seatSubscription, variables: { id: date } },
    ]) {
      const response = await fetch(server.url, {
        method: 'POST',
        signal: gone.signal,
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${user.accessToken}`,
          'x-queue-token': token,
        },
        body: JSON.stringify(body),
      })
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      await response.body?.getReader().read()
    }
    await expect.poll(listeners).toBeGreaterThanOrEqual(2)
    gone.abort()
    await expect.poll(listeners).toBe(0)
  })
})
