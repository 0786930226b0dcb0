/**
 * Whatever document the limits accept, its answer has a bounded number of values, because executing and serialising it blocks
 * the event loop. How long it was blocked is printed; see docs/performance.md.
 */
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIST_VALUES_MAX } from '../../src/schema/list-values.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { createSale, join } from '../support/purchase.ts'
import type { TestUser } from '../support/server.ts'
import { openSocket } from '../support/socket.ts'
import { createRandom } from './generate-documents.ts'
import { generateHeavy, type Sales, type HeavyDocument } from './generate-heavy-documents.ts'

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const DOCUMENTS = Number(process.env.DOCUMENTS ?? 40)
/** The third execution of an operation is compiled. */
const REPETITIONS = 3
/** Values outside of the lists that are counted: the cost of an operation, and the introspection schema. */
const OTHER_VALUES_MAX = 40_000

let cluster: Cluster
let server: ServerProcess
let user: TestUser
let halls: Sales

beforeAll(async () => {
  cluster = await startCluster()
  const preload = fileURLToPath(new URL('../support/event-loop-delay.mjs', import.meta.url))
  server = await cluster.start({ NODE_OPTIONS: `--import=${preload}` })
  user = await cluster.user()
  const hall = async (dates: number, seatCount: number) => {
    const { concertId, performanceIds } = await createSale(cluster, { dates, seatCount })
    return {
      concertId,
      performanceId: performanceIds[0] ?? '',
      token: (await join(user, concertId)).token,
    }
  }
  halls = { large: await hall(6, 10_000), long: await hall(100, 10) }
})
afterAll(() => cluster.stop())

interface Answer {
  data?: unknown
  errors?: { extensions: { code: string } }[]
}

async function overHttp({ token, ...body }: HeavyDocument): Promise<Answer> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${user.accessToken}`,
      'x-queue-token': token,
    },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Answer
}

async function overWebSocket({ token, ...payload }: HeavyDocument): Promise<Answer> {
  const init = { authorization: `Bearer ${user.accessToken}`, 'x-queue-token': token }
  const socket = await openSocket(server.url, { init })
  socket.send({ type: 'subscribe', id: 'one', payload })
  const { type, payload: answer } = await socket.next()
  socket.drop()
  return (type === 'error' ? { errors: answer } : answer) as Answer
}

/** Scalars, nulls and objects of an answer. */
const valuesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), Array.isArray(value) ? 0 : 1)
    : 1

/** For how long the event loop of the server was blocked at most, as it has logged since it had `from` lines. */
function longestDelay(from: number): { ms: number; cpuMs: number } {
  let longest = { ms: 0, cpuMs: 0 }
  for (const line of server.log.slice(from)) {
    const { msg, ms, cpuMs } = JSON.parse(line) as { msg: string; ms: number; cpuMs: number }
    if (msg === 'event loop delay' && ms > longest.ms) longest = { ms, cpuMs }
  }
  return longest
}

test(`${DOCUMENTS} documents near the limits have answers of bounded size, or none`, async () => {
  const random = createRandom(SEED)
  let answered = 0
  let largest = 0
  const slowest: { ms: number; cpuMs: number; query: string }[] = []
  for (let index = 0; index < DOCUMENTS; index++) {
    const heavy = generateHeavy(random, halls)
    const from = server.log.length
    const answers: Answer[] = []
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      answers.push(await overHttp(heavy), await overWebSocket(heavy))
    }
    const [first] = answers
    const hint = `SEED=${SEED}, document ${index}\n${heavy.query}`
    for (const answer of answers)
      if (JSON.stringify(answer) !== JSON.stringify(first)) expect(answer, hint).toEqual(first)
    for (const { extensions } of first?.errors ?? []) expect(extensions.code, hint).toBe('BAD_INPUT')
    const values = valuesIn(first?.data ?? null)
    expect(values, hint).toBeLessThanOrEqual(LIST_VALUES_MAX + OTHER_VALUES_MAX)
    if (first?.data) answered += 1
    largest = Math.max(largest, values)
    slowest.push({ ...longestDelay(from), query: heavy.query.slice(0, 300) })
  }
  // Otherwise nothing was near a limit.
  expect(answered).toBeGreaterThan(DOCUMENTS / 4)
  expect(largest).toBeGreaterThan(LIST_VALUES_MAX / 3)
  slowest.sort((a, b) => b.ms - a.ms)
  console.log(`SEED=${SEED}`, { answered, largest, load: loadavg()[0] }, slowest.slice(0, 5))
})

test('one date of 10,000 seats is answered with all that there is to say about a seat', async () => {
  const query = `{ performance(id: "${halls.large.performanceId}") { seats { __typename id number price status } } }`
  const { data, errors } = await overHttp({
    query,
    token: halls.large.token,
    variables: {},
    operationName: undefined,
  })
  expect(errors).toBeUndefined()
  expect((data as { performance: { seats: object[] } }).performance.seats).toHaveLength(10_000)
})
