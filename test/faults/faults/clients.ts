/** What clients do to servers: they vanish while something is being started for them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { watching } from '../operations.ts'
import { createStand, createVisitor, enter, type Visitor } from './visitors.ts'
import type { Fault, Random } from '../world/types.ts'
import { insist } from './lasting.ts'

const CLIENTS = 60
/** A stream is started within a few milliseconds on a quiet machine. */
const VANISH_MS_MAX = 25

interface Client {
  visitor: Visitor
  token: string
}

/** Asks for a stream of server-sent events, and is gone after a moment. */
async function vanishOverSse(url: string, { visitor, token }: Client, ms: number): Promise<void> {
  const leaving = new AbortController()
  const answer = fetch(url, {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${visitor.accessToken}`,
      'x-queue-token': token,
    },
    body: JSON.stringify({ query: watching }),
  })
    .then((response) => response.text())
    .catch(() => undefined)
  await sleep(ms)
  leaving.abort()
  await answer
}

/** Opens a WebSocket, says everything at once, and is gone after a moment. */
async function vanishOverWebSocket(url: string, { visitor, token }: Client, ms: number): Promise<void> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws')
  socket.on('error', () => undefined)
  socket.on('open', () => {
    const payload = { authorization: `Bearer ${visitor.accessToken}`, 'x-queue-token': token }
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
  })
  // The handshake takes its time too.
  socket.on('message', () =>
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: watching } })),
  )
  await sleep(2 * ms)
  socket.terminate()
}

const pickWay = (random: Random) => random.pick([vanishOverSse, vanishOverWebSocket])

const vanishing: Fault = {
  name: 'clients vanish while a stream starts',
  target: 'clients',
  run: async (world, random, signal) => {
    let client: Client | undefined
    await insist(async () => {
      const stand = await createStand(world)
      const visitor = await createVisitor(world)
      client = { visitor, token: await enter(visitor, world.servers[0]?.directUrl ?? '', stand) }
    })
    for (let index = 0; client && index < CLIENTS && !signal.aborted; index++) {
      const { directUrl } = random.pick(world.servers)
      await pickWay(random)(directUrl, client, random.int(0, VANISH_MS_MAX))
    }
  },
}

/** What clients do that a server has to bear. */
export const clientFaults: readonly Fault[] = [vanishing]
