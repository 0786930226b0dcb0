/** The stream for other services, read by the example consumer as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letHoldLapse, uuidOf } from '../support/arrange.ts'
import { charge, createSale, hold, join, pay } from '../support/purchase.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { cancel } from '../support/operations.ts'

const root = new URL('../..', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

interface Event {
  id: string
  type: string
  occurredAt: string
  data: Record<string, unknown> & { reservationId: string }
}

let server: TestServer
let redis: Redis
let stream: string
const consumers: ChildProcess[] = []
beforeAll(async () => {
  server = await startServer()
  redis = new Redis(server.config.redisUrl)
  stream = `${server.config.redisPrefix}:events`
})
afterAll(async () => {
  await Promise.all(consumers.map(stop))
  redis.disconnect()
  await server.stop()
})

/** Starts the example. @returns what it has printed so far; it goes on growing */
function consume(group: string): Event[] {
  const consumer = spawn(process.execPath, ['--import', 'tsx', 'examples/events-consumer.ts'], {
    cwd: root,
    env: {
      ...process.env,
      REDIS_URL: server.config.redisUrl,
      REDIS_PREFIX: server.config.redisPrefix,
      GROUP: group,
      CLAIM_IDLE_MS: '100',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  consumers.push(consumer)
  const events: Event[] = []
  createInterface(consumer.stdout).on('line', (line) => events.push(JSON.parse(line) as Event))
  return events
}

async function stop(consumer: ChildProcess): Promise<void> {
  if (consumer.exitCode !== null || consumer.signalCode !== null) return
  const ended = new Promise((resolve) => consumer.once('exit', resolve))
  consumer.kill('SIGTERM')
  await ended
}

/** Holds that are paid for, cancelled and lapsed. */
async function makeHistory() {
  const sale = await createSale(server)
  const user = await server.user()
  const { token } = await join(user, sale.concertId)
  const [date = ''] = sale.performanceIds
  const ids: string[] = []
  for (const seat of [1, 2, 3]) ids.push((await hold(user, token, date, [seat])).id)
  const [paid = '', cancelled = '', lapsed = ''] = ids
  await charge(user, 100)
  expect((await pay(user, token, paid)).__typename).toBe('PayReservationPayload')
  await cancel(user, cancelled)
  await letHoldLapse(server.database, lapsed)
  return { sale, user, paid: uuidOf(paid), cancelled: uuidOf(cancelled), lapsed: uuidOf(lapsed) }
}

test('another service hears of everything once, in order, and takes over from one that died', async () => {
  const { sale, user, paid, cancelled, lapsed } = await makeHistory()
  const entries = () => redis.xrange(stream, '-', '+')
  await expect.poll(entries).toHaveLength(6)

  // Somebody took two of them and died; the relay was interrupted and delivers one again.
  await redis.xgroup('CREATE', stream, 'receipts', '0')
  await redis.xreadgroup('GROUP', 'receipts', 'dead', 'COUNT', 2, 'STREAMS', stream, '>')
  const [first] = await entries()
  await redis.xadd(stream, '*', ...(first?.[1] ?? []))

  const events = consume('receipts')
  const typesOf = (id: string) =>
    events.filter(({ data }) => data.reservationId === id).map(({ type }) => type)
  const unread = async () => {
    const [pending] = await redis.xpending(stream, 'receipts')
    return [pending, events.length]
  }
  await expect.poll(unread).toEqual([0, 6])
  expect(typesOf(paid).sort()).toEqual(['payment.completed', 'reservation.held'])
  expect(typesOf(cancelled).sort()).toEqual(['reservation.cancelled', 'reservation.held'])
  expect(typesOf(lapsed).sort()).toEqual(['reservation.expired', 'reservation.held'])
  expect(new Set(events.map(({ id }) => id)).size).toBe(6)
  const payment = events.find(({ type }) => type === 'payment.completed')
  expect(payment?.data).toMatchObject({
    userId: user.uuid,
    concertId: uuidOf(sale.concertId),
    seatNumbers: [1],
    price: 100,
    spendsTicket: false,
  })

  const [date = ''] = sale.performanceIds
  const later = await server.user()
  const { token } = await join(later, sale.concertId)
  const { id } = await hold(later, token, date, [9])
  await expect.poll(() => typesOf(uuidOf(id))).toEqual(['reservation.held'])
})

describe('docs/events.md', () => {
  const docs = read('docs/events.md')
  const sections = new Map(docs.split('\n### ').map((text) => [/^`([\w.]+)`/.exec(text)?.[1] ?? 'all', text]))
  const fieldsIn = (section: string) =>
    [...(sections.get(section) ?? '').matchAll(/^\| `(\w+)` +\| [^|]+ \| [^|]*\|$/gm)].map(([, name]) => name)

  test('tells of every type, and of every field that events have', async () => {
    const [, union = ''] = /export type EventType =([\s\S]+?)\n\n/.exec(read('src/domain/events.ts')) ?? []
    const types = [...union.matchAll(/'([\w.]+)'/g)].map(([, type = '']) => type)
    const told = types.filter((type) => !type.startsWith('queue.')) // Stagedoor's own, not in the stream
    expect([...sections.keys()].sort()).toEqual(['all', ...told].sort())

    await makeHistory()
    const seen = new Map<string, Set<string>>()
    const readTypes = async () => {
      for (const [, fields] of await redis.xrange(stream, '-', '+')) {
        const {
          type = '',
          data = '{}',
          ...rest
        } = Object.fromEntries(
          fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1]]] : [])),
        ) as Record<string, string>
        expect(Object.keys(rest).sort()).toEqual(['id', 'occurredAt', 'version'])
        seen.set(type, new Set(Object.keys(JSON.parse(data) as object)))
      }
      return [...seen.keys()].sort()
    }
    await expect.poll(readTypes).toEqual(told.sort())
    for (const [type, fields] of seen) {
      expect([type, [...fields].sort()]).toEqual([type, [...fieldsIn('all'), ...fieldsIn(type)].sort()])
    }
  })
})
