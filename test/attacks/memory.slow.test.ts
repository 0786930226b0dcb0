/** A server with a heap of 256 MB that is sent everything that it might keep: it goes on, and its heap settles. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, type RawData } from 'ws'
import { freePort } from '../../scripts/services/ports.ts'
import { startCluster, type Cluster, type ServerProcess } from '../support/cluster.ts'
import { openSocket, type Socket } from '../support/socket.ts'

/** Each kind below is sent so often that it would take more, if what is kept of it had no bound. */
const HEAP_BYTES_MAX = 160 * 1024 * 1024
const AT_ONCE = 8

let cluster: Cluster
let server: ServerProcess
let inspectorPort: number

beforeAll(async () => {
  inspectorPort = await freePort()
  cluster = await startCluster({ LOG_LEVEL: 'info' })
  server = await cluster.start({
    NODE_OPTIONS: `--max-old-space-size=256 --inspect=127.0.0.1:${inspectorPort}`,
  })
})
afterAll(() => cluster.stop())

/** Of the server process, after its garbage has been collected: https://chromedevtools.github.io/devtools-protocol/ */
async function heapBytes(): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json()) as {
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
  await once(socket, 'open')
  const call = async (id: number, method: string): Promise<unknown> => {
    socket.send(JSON.stringify({ id, method }))
    const [data] = (await once(socket, 'message')) as [RawData]
    return (JSON.parse((data as Buffer).toString()) as { result: unknown }).result
  }
  for (let round = 1; round <= 3; round++) await call(round, 'HeapProfiler.collectGarbage')
  const { usedSize } = (await call(4, 'Runtime.getHeapUsage')) as { usedSize: number }
  socket.close()
  return usedSize
}

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

async function post(body: object): Promise<void> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await response.text()
}

/** Sends so many bodies, each other than all before. */
async function flood(count: number, bodyOf: (index: number) => object): Promise<void> {
  let next = 0
  const send = async (): Promise<void> => {
    while (next < count) await post(bodyOf(next++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, send))
}

const PAGE = '{ concerts(first: 1) { edges { node { id } } } }'

const floods: [what: string, count: number, bodyOf: (index: number) => object][] = [
  ['documents of many nodes', 700, (i) => ({ query: `{me{${times(190, () => '...{id}')}}} #${i}` })],
  ['documents of comments', 200, (i) => ({ query: `${PAGE} #${i}\n${'#\n'.repeat(30_000)}` })],
  [
    'documents of many operations, each of them used three times',
    12_000,
    (i) => ({
      query: `${times(66, (n) => `query Q${n}{concerts{edges{node{title}}}}`)} #${Math.floor(i / 30)}`,
      operationName: `Q${i % 10}`,
    }),
  ],
  [
    'operations that are worth compiling',
    15_000,
    (i) => ({ query: `{ me { id name points { balance } } } #${Math.floor(i / 3)}` }),
  ],
  [
    'persisted documents',
    2_700,
    (i) => {
      const query = `${PAGE} #${i}${'x'.repeat(60_000)}`
      const sha256Hash = createHash('sha256').update(query).digest('hex')
      return { query, extensions: { persistedQuery: { version: 1, sha256Hash } } }
    },
  ],
  ['documents that are none', 3_300, (i) => ({ query: `{ ${'x '.repeat(700)} #${i}${'x'.repeat(50_000)}` })],
  ['variables', 600, (i) => ({ query: PAGE, variables: { a: Array.from({ length: 9_000 }, () => [i]) } })],
]

test.each(floods)(
  '%s',
  async (_, count, bodyOf) => {
    await flood(count, bodyOf)
    expect(await heapBytes()).toBeLessThan(HEAP_BYTES_MAX)
  },
  300_000,
)

test('sockets with large payloads, ids and variables', async () => {
  const sockets: Socket[] = []
  for (let i = 0; i < 2_700; i++) {
    sockets.push(await openSocket(server.url, { init: { junk: `${i}`.padEnd(60_000, 'x') } }))
  }
  for (const [i, socket] of sockets.entries()) {
    socket.send({
      type: 'subscribe',
      id: i % 2 ? 'x'.repeat(30_000) : 'one',
      payload: {
        query: PAGE,
        variables: { junk: 'x'.repeat(9_000) },
        extensions: { junk: 'x'.repeat(9_000) },
      },
    })
  }
  const answers = await Promise.all(sockets.map((socket) => socket.next().then(({ type }) => type, String)))
  expect(new Set(answers)).toEqual(new Set(['next', 'Error: closed with 4400 The id is too long']))
  expect(await heapBytes()).toBeLessThan(HEAP_BYTES_MAX)
  for (const socket of sockets) socket.drop()
}, 300_000)

test('and it goes on', async () => {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: PAGE }),
  })
  expect(await response.json()).toEqual({ data: { concerts: { edges: [] } } })
})
